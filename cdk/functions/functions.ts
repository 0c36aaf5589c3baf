import { Construct } from 'constructs';
import { FUNCTIONS, type FunctionName, TASK_FUNCTIONS } from '../../functions/contract/environment.ts';
import type { CodeOf } from '../code/function-code.ts';
import type { Settings } from '../settings.ts';
import { type DeployedFunction, functionSizes } from './function-sizes.ts';
import { HouseFunction } from './house-function.ts';
import { grantPermissions, type Surroundings } from './permissions.ts';

export type FunctionsProps = Surroundings & { readonly codeOf: CodeOf };

const DESCRIPTIONS: Readonly<Record<FunctionName, string>> = {
  split: 'Pins the input of a job, plans its stages and opens its run',
  map: 'Runs a task of a map stage: a slice of the input, to one block',
  reduce: 'Runs a task of a reduce stage: partitions of equal keys, to one block',
  modules: 'Runs a task with functions of users',
  seal: 'Ends a stage: counts its commits and cuts the next tasks',
  publish: 'Copies what the last stage wrote into the output',
  end: 'Decides what becomes of a run that something failed in',
  start: 'Takes jobs from the queue',
  dispatch: 'Starts waiting jobs where there is room',
  api: 'Answers the HTTP API',
  authorizer: 'Knows the API keys',
  monitor: 'Looks after all jobs, each minute',
};

/** Every function of the stack, each with the permissions of its work and no others. */
export class Functions extends Construct {
  readonly of: Readonly<Record<DeployedFunction, HouseFunction>>;

  constructor(scope: Construct, id: string, props: FunctionsProps) {
    super(scope, id);
    this.of = this.#create(props.settings, props.codeOf);
    grantPermissions(this.of, props);
  }

  #create(settings: Settings, codeOf: CodeOf): Readonly<Record<DeployedFunction, HouseFunction>> {
    const sizes = functionSizes(settings);
    const create = (name: DeployedFunction, handler: FunctionName) => {
      const description = DESCRIPTIONS[handler];
      const props = { description, code: codeOf(handler), size: sizes[name], settings };
      return [name, new HouseFunction(this, constructIdOf(name), props)] as const;
    };
    return Object.fromEntries([
      ...FUNCTIONS.map((name) => create(name, name)),
      ...TASK_FUNCTIONS.map((name) => create(`${name}-large`, name)),
      // Every name of the type has just been created.
    ]) as Record<DeployedFunction, HouseFunction>;
  }
}

/** `map-large` is `MapLarge`. */
const constructIdOf = (name: DeployedFunction): string =>
  name.replaceAll(/(?:^|-)([a-z])/g, (_, letter: string) => letter.toUpperCase());
