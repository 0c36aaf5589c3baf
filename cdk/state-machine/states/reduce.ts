import type { DistributedMap, Parallel } from '../asl.ts';
import type { MachineParts } from '../machine-parts.ts';
import { mapOverTasks, oneTask } from '../pass-over-tasks.ts';

export const reduce = (parts: MachineParts): DistributedMap => mapOverTasks(parts, 'Reduce', 'reduce');

export const reduceOne = (parts: MachineParts): Parallel => oneTask(parts, 'ReduceOne', 'reduce');
