import * as fs from "node:fs";
import * as path from "node:path";
import { succeeds } from "../../offline/kit/run";
import { exported } from "../site/export";
import { hasContent, importSite } from "../site/import";
import type { StandingStack } from "../site/stack";
import { bringUp } from "../start";
import { readSettings } from "../stack/config";
import { root } from "../stack/home";
import { wordPressOf } from "../stack/wordpress";
import type { Terminal } from "../terminal";
import { UserError } from "../terminal/errors";
import { quoted } from "../terminal/options";
import { isOnRemote, type Repository } from "./git";
import { holding, whoami } from "./hold";
import { environmentName } from "./name";
import { findNamespace, type Place } from "./platform";
import type { BranchRecord, Written } from "./records";
import { hostOf, type Owner, ownerOf, refuseForeign, settingsFile, type Template, writeSettings } from "./settings";

/** Where and for whom an environment is brought up. */
export interface UpContext {
    place: Place;
    template: Template;
    repository: Repository;
    terminal: Terminal;
    signal: AbortSignal;
    /** Directory of a seed, for a site that is still empty. */
    seed?: string;
}

/** What a branch's environment is called, and where it answers. */
export interface Environment {
    branch: string;
    stack: string;
    namespace: string;
    address: string;
}

/** Brings the environment of a branch up, by the same way as `npm start`. */
export async function upBranch(branch: string, { place, template, repository, terminal, signal, seed }: UpContext): Promise<Environment> {
    const name = environmentName(branch, template.settings.environment.name);
    const owner = { branch, repository: repository.identity };
    hostOf(template, name);
    refuseForeign(name, owner);
    if (seed !== undefined) refuseNoSeed(seed);
    const address = await holding(place.connection, name, async found => {
        await refuseOthers(place, name, owner, found);
        return begun(name, owner, found);
    }, async ({ record, update }) => {
        const onRemote = isOnRemote(repository, branch);
        writeSettings(template, name, owner);
        if (!await isIgnored(name)) {
            terminal.line(`! git doesn't ignore Pulumi.${name}.yaml, which belongs to this branch's environment only. Add to .gitignore: `
                + `Pulumi.${template.settings.environment.name}-*.yaml`);
        }
        const settings = readSettings(name, settingsFile(name));
        const found = await bringUp({ stack: name, settings, terminal, signal, undo: `npm run branch -- down ${quoted(branch)}` });
        if (seed !== undefined) await sow(seed, { name, settings, kubeconfig: place.kubeconfig }, terminal, signal);
        await update({ address: found, used: new Date(), pushed: record.pushed || await onRemote });
        return found;
    });
    return { branch, stack: name, namespace: name, address: address! };
}

/** A seed that isn't one would only show once the environment is up, or never, if its site has content. */
function refuseNoSeed(directory: string): void {
    const missing = Object.values(exported).filter(name => !fs.existsSync(path.join(directory, name)));
    if (missing.length === 0) return;
    throw new UserError(`${path.resolve(directory)} is no seed: ${missing.join(" and ")} ${missing.length === 1 ? "is" : "are"} missing. `
        + "Make one: npm run site -- seed DIR --stack NAME. Nothing was changed.");
}

/** Loads a seed into a site that is still empty. */
async function sow(directory: string, stack: StandingStack, terminal: Terminal, signal: AbortSignal): Promise<void> {
    wordPressOf(stack.settings, stack.name, "site");
    if (await hasContent(stack, terminal, signal)) return terminal.line("The site has content already, so the seed is left out.");
    const files = { database: path.join(directory, exported.database), uploads: path.join(directory, exported.uploads) };
    await importSite(stack, { ...files, from: [], yes: true }, terminal, signal);
    terminal.line(`The site has the content of ${directory}. Nobody can log in yet. To add somebody: `
        + `npm run admin -- user NAME --email ADDRESS --role administrator --stack ${stack.name}`);
}

/** The record of an environment that is brought up now. */
export function begun(name: string, { branch, repository }: Owner, found: BranchRecord | undefined): Written {
    return {
        name, branch, repository, used: new Date(), pushed: found?.pushed ?? false, removing: false, by: whoami(),
        ...(found?.address && { address: found.address }),
    };
}

/** Refuses what belongs to another branch or repository, or to nobody's branch. */
export async function refuseOthers(place: Place, name: string, { branch, repository }: Owner, found: BranchRecord | undefined): Promise<void> {
    if (found !== undefined) {
        if (found.branch === branch && found.repository === repository) return;
        throw new UserError(`"${name}" is already the environment of the branch ${found.branch} of ${found.repository}, and this is ${branch} of `
            + `${repository}. Give one repository another landfall:environment.name in Pulumi.branch.yaml, with which its names begin. Nothing was changed.`);
    }
    if (ownerOf(name) !== undefined || await findNamespace(place.connection, name) === undefined) return;
    throw new UserError(`The cluster has a namespace "${name}" already, which isn't a branch's environment. Nothing was changed.`);
}

function isIgnored(name: string): Promise<boolean> {
    return succeeds("git", ["-C", root, "check-ignore", "--quiet", settingsFile(name)]);
}
