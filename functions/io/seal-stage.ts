import { Amendment, MAX_AMENDMENTS } from '../contract/amendment.ts';
import { StateError } from '../contract/errors-store.ts';
import type { StageIds } from '../contract/ids.ts';
import { KEYS } from '../contract/keys.ts';
import { Sealed } from '../contract/sealed.ts';
import type { ObjectStore } from './object-store.ts';
import { type Chosen, putOnce, readState } from './put-once.ts';

const stageOf = ({ job, run, stage }: StageIds): StageIds => ({ job, run, stage });

const requireStage = (key: string, object: StageIds, stage: StageIds): void => {
  if (object.job === stage.job && object.stage === stage.stage) return;
  throw new StateError({ key, problem: `it is of stage ${object.stage} of job ${object.job}` });
};

/**
 * Puts the seal of a stage, where none stands. What it names (the next tasks, the index) is in the store before.
 * `run` is where it is to count, when an earlier run's seal is adopted.
 */
export const putSealed = async (
  store: ObjectStore,
  sealed: Sealed,
  run: string = sealed.run,
): Promise<Chosen<Sealed>> => {
  const key = KEYS.sealed.render({ ...stageOf(sealed), run });
  const { chosen } = await putOnce(store, { key, schema: Sealed }, sealed);
  requireStage(key, chosen, sealed);
  return { chosen, isMine: chosen.attempt === sealed.attempt && chosen.run === sealed.run };
};

export const readSealed = async (store: ObjectStore, stage: StageIds): Promise<Sealed | undefined> => {
  const key = KEYS.sealed.render(stageOf(stage));
  const sealed = await readState(store, { key, schema: Sealed });
  if (sealed !== undefined) requireStage(key, sealed, stage);
  return sealed;
};

/**
 * Puts amendment k of a stage, where none stands. Where another's stands (`isMine` false) the caller lists the
 * amendments again and decides anew.
 */
export const putAmendment = async (
  store: ObjectStore,
  { k, run }: { readonly k: number; readonly run?: string },
  amendment: Amendment,
): Promise<Chosen<Amendment>> => {
  const key = KEYS.amendment.render({ ...stageOf(amendment), run: run ?? amendment.run, k: String(k) });
  const result = await putOnce(store, { key, schema: Amendment }, amendment);
  requireStage(key, result.chosen, amendment);
  return result;
};

/** The amendments of a stage from k = 0. Fails with StateError where one before another is missing. */
export const listAmendments = async (store: ObjectStore, stage: StageIds): Promise<readonly Amendment[]> => {
  const amendments: Amendment[] = [];
  for await (const { key } of store.list(KEYS.amendment.prefix(stageOf(stage)))) {
    const k = KEYS.amendment.parse(key)?.k;
    if (k !== String(amendments.length)) {
      throw new StateError({
        key,
        problem: `expected amendment ${amendments.length} of at most ${MAX_AMENDMENTS}`,
      });
    }
    const amendment = await readState(store, { key, schema: Amendment });
    if (amendment === undefined)
      throw new StateError({ key, problem: 'it is gone, and amendments never go' });
    requireStage(key, amendment, stage);
    amendments.push(amendment);
  }
  return amendments;
};
