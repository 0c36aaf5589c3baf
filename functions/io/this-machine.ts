import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';

/** Draws 96 random bits as 24 hex digits. */
export const newAttempt = (): string => randomBytes(12).toString('hex');

export const thisHost = hostname;

/** Whether a process of this machine lives; one of another user counts as alive. */
export const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
};
