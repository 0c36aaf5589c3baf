/** `cdk synth`, `cdk deploy`: the stack, with the functions of this checkout. */
import path from 'node:path';
import { App, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { SettingsError } from '../functions/contract/errors-command.ts';
import { withBundles } from './code/bundle-functions.ts';
import { parseSettings } from './parse-settings.ts';
import { SETTINGS_KEY } from './settings.ts';
import { DaybreakStack } from './stack.ts';

const root = path.resolve(import.meta.dirname, '..');

const synth = (): Promise<void> => {
  const app = new App({ analyticsReporting: false });
  const settings = parseSettings(app.node.tryGetContext(SETTINGS_KEY));
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  return withBundles({ root, architecture: settings.architecture }, ({ codeOf }) => {
    new DaybreakStack(app, { settings, codeOf });
    app.synth();
  });
};

try {
  await synth();
} catch (error) {
  if (!(error instanceof SettingsError)) throw error;
  // Whoever wrote the settings has no use for a stack trace.
  process.stderr.write(`${error.message}\n${error.row.remedy}\n`);
  process.exitCode = error.row.exitCode;
}
