import type { Definition } from './asl.ts';
import type { MachineParts } from './machine-parts.ts';
import { dispatch } from './states/dispatch.ts';
import { end } from './states/end.ts';
import { map, mapOne } from './states/map.ts';
import { modules, modulesOne } from './states/modules.ts';
import { nextStage, nextUnknown } from './states/next-stage.ts';
import { failed, outcome, succeeded } from './states/outcome.ts';
import { publish } from './states/publish.ts';
import { reduce, reduceOne } from './states/reduce.ts';
import { seal } from './states/seal.ts';
import { split } from './states/split.ts';

/**
 * The one state machine: its input is a SplitEvent, between its states lies an ExecutionState. Written as the language
 * has it, without the constructs of the CDK: see docs/decisions/0008-state-machine-as-data.md.
 */
export const renderDefinition = (parts: MachineParts): Definition => ({
  Comment: 'Runs a job of Daybreak, whatever its plan.',
  QueryLanguage: 'JSONPath',
  TimeoutSeconds: parts.executionTimeoutSeconds,
  StartAt: 'Split',
  States: {
    Split: split(parts),
    NextStage: nextStage(),
    Map: map(parts),
    MapOne: mapOne(parts),
    Reduce: reduce(parts),
    ReduceOne: reduceOne(parts),
    Modules: modules(parts),
    ModulesOne: modulesOne(parts),
    Seal: seal(parts),
    Publish: publish(parts),
    End: end(parts),
    Dispatch: dispatch(parts),
    Outcome: outcome(),
    Succeeded: succeeded(),
    Failed: failed(),
    NextUnknown: nextUnknown(),
  },
});
