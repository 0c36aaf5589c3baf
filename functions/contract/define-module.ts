/**
 * What authors of modules import from `daybreak`. The functions return what they are given: they are there for
 * the types, and for the reader. docs/modules.md explains each.
 */

type Answer<Value> = Value | PromiseLike<Value>;

/** What every call of a module's function gets last. */
export type ModuleCall = {
  /** Aborted when the call has taken longer than `timeout`, and when the task ends. */
  readonly signal: AbortSignal;
};

/** The columns of a batch: an array for each, all of one length. */
export type Columns<Row> = { [Name in keyof Row]: Row[Name][] };
/** What a batch may return for them: arrays or typed arrays, of the length of the batch. */
export type ReturnedColumns<Row> = { readonly [Name in keyof Row]: ArrayLike<Row[Name]> };

/** All rows of one group, and the values of its keys. */
export type Group<Keys, Row> = { readonly keys: Keys; readonly rows: Row[] };

export type InitFunction<Options, Context> = (options: Options) => Answer<Context>;
export type MapFunction<In, Out, Context> = (row: In, context: Context, call: ModuleCall) => Answer<Out>;
export type FlatMapFunction<In, Out, Context> = (
  row: In,
  context: Context,
  call: ModuleCall,
) => Answer<Iterable<Out>> | AsyncIterable<Out>;
export type MapBatchesFunction<In, Out, Context> = (
  batch: Columns<In>,
  context: Context,
  call: ModuleCall,
) => Answer<ReturnedColumns<Out>>;
export type MapGroupsFunction<Keys, In, Out, Context> = (
  group: Group<Keys, In>,
  context: Context,
  call: ModuleCall,
) => Answer<Out | Iterable<Out>> | AsyncIterable<Out>;

/** Exported as `init`: runs once per worker, before the first row; what it returns is every call's `context`. */
export const defineInit = <Options, Context>(
  init: InitFunction<Options, Context>,
): InitFunction<Options, Context> => init;

/** For the step `map`: one row in, one row out. */
export const defineMap = <In extends object, Out extends object, Context = undefined>(
  map: MapFunction<In, Out, Context>,
): MapFunction<In, Out, Context> => map;

/** For the step `flat_map`: one row in, any number of rows out (an array, a generator, an async generator). */
export const defineFlatMap = <In extends object, Out extends object, Context = undefined>(
  flatMap: FlatMapFunction<In, Out, Context>,
): FlatMapFunction<In, Out, Context> => flatMap;

/** For the step `map_batches`: columns in, columns of the same length out. */
export const defineMapBatches = <In extends object, Out extends object, Context = undefined>(
  mapBatches: MapBatchesFunction<In, Out, Context>,
): MapBatchesFunction<In, Out, Context> => mapBatches;

/** For `group_by.map_groups`: all rows of a group in, one row or any number of rows out. */
export const defineMapGroups = <
  Keys extends object,
  In extends object,
  Out extends object,
  Context = undefined,
>(
  mapGroups: MapGroupsFunction<Keys, In, Out, Context>,
): MapGroupsFunction<Keys, In, Out, Context> => mapGroups;
