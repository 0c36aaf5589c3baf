/**
 * The one place where a key is made. Each key is a template; `render` and `parse` are exact inverses,
 * and a text that is not exactly a rendered key parses to undefined.
 */
import { type AttemptIds, type BlockFormat, ID_PATTERNS, type IdField, requireId } from './ids.ts';

type FieldsOf<Template extends string> = Template extends `${string}{${infer Field}}${infer Rest}`
  ? Field | FieldsOf<Rest>
  : never;
type IdsOf<Template extends string> = { readonly [Field in FieldsOf<Template>]: string };

export type Key<Template extends string> = {
  readonly template: Template;
  readonly render: (ids: IdsOf<Template>) => string;
  readonly parse: (key: string) => IdsOf<Template> | undefined;
  /** The key up to the first field that is not given: what to list. */
  readonly prefix: (ids: Partial<IdsOf<Template>>) => string;
};

type Piece = { readonly literal: string; readonly field?: IdField };

const piecesOf = (template: string): readonly Piece[] =>
  template.split('}').map((piece) => {
    const [literal = '', field] = piece.split('{');
    return field === undefined ? { literal } : { literal, field: field as IdField };
  });

const escaped = (literal: string): string => literal.replaceAll('.', '\\.');

const defineKey = <Template extends string>(
  template: FieldsOf<Template> extends IdField ? Template : never,
): Key<Template> => {
  const pieces = piecesOf(template);
  const source = pieces.map(({ literal, field }) =>
    field === undefined ? escaped(literal) : `${escaped(literal)}(?<${field}>${ID_PATTERNS[field]})`,
  );
  const pattern = new RegExp(`^${source.join('')}$`, 'u');
  const prefix = (ids: { readonly [field: string]: string | undefined }): string => {
    let key = '';
    for (const { literal, field } of pieces) {
      key += literal;
      const id = field === undefined ? '' : ids[field];
      if (id === undefined) return key;
      key += field === undefined ? '' : requireId(field, id);
    }
    return key;
  };
  const parse = (key: string): IdsOf<Template> | undefined => {
    const match = pattern.exec(key);
    // The named groups of the pattern are the fields of the template.
    return match === null ? undefined : ({ ...match.groups } as IdsOf<Template>);
  };
  const render = (ids: IdsOf<Template>): string => {
    for (const { field } of pieces) {
      if (field !== undefined && (ids as Partial<Record<IdField, string>>)[field] === undefined) {
        throw new Error(`a key ${template} needs the id ${field}`);
      }
    }
    return prefix(ids);
  };
  return { template, render, parse, prefix };
};

/** Keys of the store's tree, design section 4. */
export const KEYS = {
  job: defineKey('jobs/{job}/job.json'),
  module: defineKey('jobs/{job}/modules/{hash}.mjs'),
  forecast: defineKey('jobs/{job}/forecast.json'),
  forecasts: defineKey('jobs/{job}/forecasts.jsonl'),
  report: defineKey('jobs/{job}/report.json'),
  trace: defineKey('jobs/{job}/trace.jsonl'),
  plan: defineKey('jobs/{job}/{run}/plan.json'),
  halt: defineKey('jobs/{job}/{run}/halt.json'),
  outcome: defineKey('jobs/{job}/{run}/outcome.json'),
  running: defineKey('jobs/{job}/{run}/running/{worker}.json'),
  /** A stage's tasks, a line each; of the first stage plan.json names the attempt, of later ones sealed.json. */
  tasks: defineKey('jobs/{job}/{run}/{stage}/tasks-{attempt}.jsonl'),
  /** The transposed index of a sealed stage: a line for each task of the next stage; sealed.json names the attempt. */
  index: defineKey('jobs/{job}/{run}/{stage}/index-{attempt}.jsonl'),
  /** What a Map iterates: `{ task, offset, length }` a line, of tasks in the object that the event names. */
  items: defineKey('jobs/{job}/{run}/{stage}/items-{attempt}.jsonl'),
  /** Why an execution of a task failed, where it could not say so itself. */
  failure: defineKey('jobs/{job}/{run}/{stage}/failures/{task}-{note}.json'),
  /** What the process of a task printed, cut where it is long. */
  printed: defineKey('jobs/{job}/{run}/{stage}/printed/{task}-{worker}.log'),
  amendment: defineKey('jobs/{job}/{run}/{stage}/amendments/{k}.json'),
  commit: defineKey('jobs/{job}/{run}/{stage}/commits/{task}.json'),
  rejects: defineKey('jobs/{job}/{run}/{stage}/rejects/{task}-{attempt}.{format}'),
  sealed: defineKey('jobs/{job}/{run}/{stage}/sealed.json'),
  history: defineKey('history/{digest}/{job}.json'),
  slot: defineKey('slots/{slot}.json'),
  waiting: defineKey('waiting/{deadline}-{job}'),
  template: defineKey('templates/{template}.yaml'),
} as const;

/** Keys inside an output, relative to it. */
export const OUTPUT_KEYS = {
  claim: defineKey('_daybreak.json'),
  /** On files: the claim that followed the one with this SHA-256. */
  nextClaim: defineKey('_daybreak-{digest}.json'),
  manifest: defineKey('_manifest.json'),
  part: defineKey('part-{task}-{job}.{format}'),
  rejects: defineKey('_rejects/{stage}-{task}-{job}.{format}'),
} as const;

const BLOCK = defineKey('b/{shard}/{job}/{run}/{stage}/{task}-{attempt}.{format}');
export const SHARD_COUNT = 64;
/** What every key of a block begins with, and no other. */
export const BLOCK_FOLDER = BLOCK.prefix({});

/**
 * First component of a block's key: 32-bit FNV-1a over `{job}/{run}/{stage}/{task}-{attempt}`, halves folded
 * together, lowest six bits as two hex digits. Part of the format: a change would orphan every block.
 * @see http://www.isthe.com/chongo/tech/comp/fnv/
 */
export const shardOf = (ids: AttemptIds): string => {
  let hash = 0x811c9dc5;
  const text = `${ids.job}/${ids.run}/${ids.stage}/${ids.task}-${ids.attempt}`;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return renderShard((hash ^ (hash >>> 16)) & (SHARD_COUNT - 1));
};

const renderShard = (shard: number): string => shard.toString(16).padStart(2, '0');

export type BlockIds = AttemptIds & { readonly format: BlockFormat };

/** Key of the immutable object that an attempt writes. */
export const renderBlockKey = (ids: BlockIds): string => BLOCK.render({ ...ids, shard: shardOf(ids) });

export const parseBlockKey = (key: string): BlockIds | undefined => {
  const ids = BLOCK.parse(key);
  if (ids === undefined || ids.shard !== shardOf(ids)) return undefined;
  const { shard: _, ...rest } = ids;
  return rest as BlockIds;
};

/** The 64 prefixes under which all blocks of a job, a run or a stage stand. */
export const blockPrefixes = (ids: {
  readonly job: string;
  readonly run?: string;
  readonly stage?: string;
}): readonly string[] =>
  Array.from({ length: SHARD_COUNT }, (_, shard) => BLOCK.prefix({ ...ids, shard: renderShard(shard) }));
