import { parseConfiguration, PlainSettings } from "../config";
import { readStackConfig } from "./stack-config";

/** The settings of a stack's file, for what they ask of the computer; the program checks them again as it runs. */
export function readSettings(stack: string, file: string): PlainSettings {
    return parseConfiguration(readStackConfig(file, { standIns: true }), stack);
}
