import type { DistributedMap, Parallel } from '../asl.ts';
import type { MachineParts } from '../machine-parts.ts';
import { mapOverTasks, oneTask } from '../pass-over-tasks.ts';

export const map = (parts: MachineParts): DistributedMap => mapOverTasks(parts, 'Map', 'map');

export const mapOne = (parts: MachineParts): Parallel => oneTask(parts, 'MapOne', 'map');
