import type { Commit } from '../../contract/commit.ts';
import type { PlannedStage } from '../../contract/plan.ts';
import type { PlannedInferStep } from '../../contract/planned-infer.ts';
import type { ModelReport } from '../../contract/report.ts';
import { priceTokens } from '../../core/endpoints/price-tokens.ts';
import type { StageContext } from '../stage-context.ts';
import { inferStepOf } from './infer-step-of.ts';

/** Sums up what the tasks of a stage with a model did; undefined of any other stage. */
export const reportModel = async (
  context: Pick<StageContext, 'endpoints'>,
  stage: PlannedStage,
  commits: readonly Commit[],
): Promise<ModelReport | undefined> => {
  if (stage.kind !== 'infer') return undefined;
  const { engine, model } = inferStepOf(stage);
  const figures = commits.flatMap(({ infer }) => infer ?? []);
  const sum = (field: 'rows' | 'promptTokens' | 'outputTokens' | 'seconds'): number =>
    figures.reduce((all, each) => all + each[field], 0);
  const tokens = { promptTokens: sum('promptTokens'), outputTokens: sum('outputTokens') };
  const price = await findPrice(context, engine);
  return {
    model: model.name,
    engines: [...new Set(figures.map((each) => each.engine))].sort(),
    rows: sum('rows'),
    ...tokens,
    ...(figures.some(({ cachedTokens }) => cachedTokens !== undefined)
      ? { cachedTokens: figures.reduce((all, { cachedTokens = 0 }) => all + cachedTokens, 0) }
      : {}),
    busySeconds: sum('seconds'),
    ...(price === undefined ? {} : { costUsd: priceTokens(price, tokens) }),
  };
};

/** As they are configured now; a report without its cost is better than none. */
const findPrice = async (
  { endpoints }: Pick<StageContext, 'endpoints'>,
  engine: PlannedInferStep['engine'],
) => {
  if (engine.kind !== 'endpoint' || endpoints === undefined) return undefined;
  const endpoint = await endpoints.open(engine.name).catch(() => undefined);
  return endpoint?.price;
};
