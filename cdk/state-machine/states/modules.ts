import type { DistributedMap, Parallel } from '../asl.ts';
import type { MachineParts } from '../machine-parts.ts';
import { mapOverTasks, oneTask } from '../pass-over-tasks.ts';

export const modules = (parts: MachineParts): DistributedMap => mapOverTasks(parts, 'Modules', 'modules');

export const modulesOne = (parts: MachineParts): Parallel => oneTask(parts, 'ModulesOne', 'modules');
