import * as path from "node:path";
import { toolComponents } from "./components";
import { buildGo } from "./go";
import { Log } from "./run";
import { linkPrograms } from "./programs";

export type Tool = "actionlint" | "cyclonus" | "kube-score" | "kubeconform" | "minikube" | "registry";

/** Builds programs that tests use, and returns the directory that holds them. */
export async function buildTools(log: Log, names: Tool[]): Promise<string> {
    const programs = new Map<string, string>();
    for (const component of toolComponents.filter(({ name }) => (names as string[]).includes(name))) {
        programs.set(component.name, path.join(await buildGo(log, component), component.name));
    }
    return linkPrograms(programs, names);
}
