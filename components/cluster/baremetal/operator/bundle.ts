// @ts-nocheck
// The offline bundle: binaries, packages and images in a directory, with their checksums in SHA256SUMS.
import * as fs from "node:fs";
import * as path from "node:path";

import { resolvePath } from "../../scripts/home";
import { hashOf } from "./archive";

const sums = "SHA256SUMS";

/** What a bundle lists: path → SHA-256. Undefined where the directory has no list. */
export function readSums(bundle) {
    const file = path.join(resolvePath(bundle), sums);
    if (!fs.existsSync(file)) return undefined;
    const lines = fs.readFileSync(file, "utf8").split("\n").filter(Boolean);
    return new Map(lines.map(line => [line.slice(66), line.slice(0, 64)]));
}

/** What is wrong with the bundle, for these machines: `system` as in packages/, for example "debian-13-amd64". */
export async function bundleProblems(bundle, version, systems) {
    const directory = resolvePath(bundle);
    const listed = readSums(bundle);
    if (!listed) return [`The bundle ${directory} has no ${sums}: is landfall:cluster.bundle the right directory?`];
    const bad = await Promise.all([...listed].map(async ([name, sum]) => {
        const file = path.join(directory, name);
        if (!fs.existsSync(file)) return `The bundle ${directory} is incomplete: ${name} is missing.`;
        const found = await hashOf(file);
        return found === sum ? undefined
            : `The bundle ${directory} was altered: ${name} has the SHA-256 ${found}, and ${sums} says ${sum}.`;
    }));
    return [...bad.filter(Boolean), ...missingParts(directory, listed, version, systems)];
}

function missingParts(directory, listed, version, systems) {
    const names = [...listed.keys()];
    const held = names.find(name => name.startsWith("version/"))?.slice("version/".length);
    const lacks = what => `The bundle ${directory} is incomplete: it has no ${what}.`;
    return [
        ...(held === version ? [] : [`The bundle ${directory} holds Kubernetes ${held ?? "of no version"}, and ` +
            `landfall:cluster.kubernetesVersion is ${version}.`]),
        ...systems.filter(system => !names.some(name => name.startsWith(`packages/${system}/`)))
            .map(system => lacks(`packages for ${system}`)),
        ...systems.map(system => system.split("-").pop())
            .filter((arch, index, all) => all.indexOf(arch) === index && !listed.has(`bin/${arch}/kubelet`))
            .map(arch => lacks(`programs for ${arch}`)),
        ...(names.some(name => name.startsWith("images/")) ? [] : [lacks("images")]),
    ];
}

/**
 * The files of the bundle that a machine of this system takes: of the images those of every node, of the control plane,
 * and of nodes that take pods, as far as it is one.
 */
export function partsFor(bundle, system, { role, tainted }) {
    const arch = system.split("-").pop();
    const wanted = [
        `packages/${system}/[^/]+`, `bin/${arch}/[^/]+`, `cni/${arch}/[^/]+`, "images/[^/]+",
        ...(role === "control-plane" ? ["images/control-plane/[^/]+"] : []),
        ...(role === "worker" || !tainted ? ["images/workloads/[^/]+"] : []),
    ].map(part => new RegExp(`^${part}$`));
    return [...readSums(bundle)].filter(([name]) => wanted.some(part => part.test(name)))
        .map(([name, sum]) => ({ name, sum, file: path.join(resolvePath(bundle), name) }));
}

/** Debian's name of a machine's architecture. */
export function architecture(machine) {
    return { x86_64: "amd64", aarch64: "arm64" }[machine];
}
