/** The version of package.json, which the build writes in. */
import packageJson from '../../package.json' with { type: 'json' };

export const version = packageJson.version;
