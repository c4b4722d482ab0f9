import * as fs from "node:fs";
import * as yaml from "yaml";
import { parseSettings, PlainSettings } from "../config";
import { withStandIns } from "./stand-ins";

/** The settings of a stack's file, for what they ask of the computer; the program checks them again as it runs. */
export function readSettings(stack: string, file: string): PlainSettings {
    const document = yaml.parse(fs.readFileSync(file, "utf8")) as { config?: Record<string, unknown> } | null;
    const own = Object.entries(document?.config ?? {}).flatMap(([key, value]) => {
        const name = /^landfall:(.+)$/.exec(key)?.[1];
        return name ? [[name, withStandIns(name, value)]] : [];
    });
    return parseSettings(Object.fromEntries(own) as Record<string, unknown>, stack);
}
