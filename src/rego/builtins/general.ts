/** The built-ins that need nothing from outside the engine. */
import { AGGREGATES } from "./aggregates.ts";
import { ARITHMETIC } from "./arithmetic.ts";
import { ARRAYS } from "./arrays.ts";
import type { Builtins } from "./builtin.ts";
import { COMPARISON } from "./comparison.ts";
import { GRAPHS } from "./graphs.ts";
import { INTERPOLATION } from "./interpolation.ts";
import { JSON_PATCH } from "./json-patch.ts";
import { JSON_PATHS } from "./json-paths.ts";
import { JSON_TEXTS } from "./json-texts.ts";
import { NUMBER_TEXTS } from "./number-texts.ts";
import { NUMBERS } from "./numbers.ts";
import { OBJECTS } from "./objects.ts";
import { REPLACES } from "./replaces.ts";
import { SEMVER } from "./semver.ts";
import { SETS } from "./sets.ts";
import { SPRINTF } from "./sprintf.ts";
import { STRINGS } from "./strings.ts";
import { SUBSET } from "./subset.ts";
import { TEMPLATES } from "./templates.ts";
import { TRIMS } from "./trims.ts";
import { TYPES } from "./types.ts";

export const GENERAL: Builtins = {
  ...AGGREGATES,
  ...ARITHMETIC,
  ...ARRAYS,
  ...COMPARISON,
  ...GRAPHS,
  ...INTERPOLATION,
  ...JSON_PATCH,
  ...JSON_PATHS,
  ...JSON_TEXTS,
  ...NUMBER_TEXTS,
  ...NUMBERS,
  ...OBJECTS,
  ...REPLACES,
  ...SEMVER,
  ...SETS,
  ...SPRINTF,
  ...STRINGS,
  ...SUBSET,
  ...TEMPLATES,
  ...TRIMS,
  ...TYPES,
};
