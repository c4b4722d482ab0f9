import * as path from "node:path";
import type { GoComponent } from "./component";
import { minikube } from "./components";
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

const toolComponents: GoComponent[] = [
    {
        name: "cyclonus",
        module: "github.com/mattfenwick/cyclonus",
        version: "v0.5.6",
        programs: { cyclonus: "github.com/mattfenwick/cyclonus/cmd/cyclonus" },
    },
    {
        name: "actionlint",
        module: "github.com/rhysd/actionlint",
        version: "v1.7.12",
        programs: { actionlint: "github.com/rhysd/actionlint/cmd/actionlint" },
    },
    {
        name: "kube-score",
        module: "github.com/zegl/kube-score",
        version: "v1.20.0",
        programs: { "kube-score": "github.com/zegl/kube-score/cmd/kube-score" },
    },
    {
        name: "kubeconform",
        module: "github.com/yannh/kubeconform",
        version: "v0.8.0",
        programs: { kubeconform: "github.com/yannh/kubeconform/cmd/kubeconform" },
    },
    {
        name: "registry",
        module: "github.com/distribution/distribution/v3",
        version: "v3.1.2",
        programs: { registry: "github.com/distribution/distribution/v3/cmd/registry" },
    },
    minikube,
];
