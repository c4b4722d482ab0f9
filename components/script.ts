import { local } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import * as path from "node:path";
import { projectRoot } from "./project";

export interface ScriptArgs {
    /**
     * Node script that makes the thing, relative to the project; run again when `environment` changes. Left out where
     * there is only something to do at its removal.
     */
    create?: string;
    /** Node script that removes it, with the environment it was made with; left out where nothing is to be removed. */
    delete?: string;
    /** What the scripts are told. Part of the state: nothing in it should differ between computers. */
    environment: Record<string, pulumi.Input<string>>;
    /** Values whose change makes the thing anew: removed first, then made. */
    triggers?: pulumi.Input<string>[];
    /** Whether people see what the scripts print on standard output, which then holds no secret. @default false */
    shown?: boolean;
    /** Whether people see what the scripts print on standard error while they run, such as what they wait for. @default false */
    tells?: boolean;
    /** Whether it finds what it has printed the last time in PULUMI_COMMAND_STDOUT, when it is run again. @default false */
    remembers?: boolean;
}

/**
 * Runs Node scripts of this project as a resource: an argument array without a shell, the same on every system. What
 * they print is secret and only shown where `shown` says so, but by the engine when they fail: they print a secret
 * last of all.
 */
export function scriptCommand(name: string, args: ScriptArgs, opts: pulumi.CustomResourceOptions): local.Command {
    return new local.Command(name, {
        interpreter: args.create?.endsWith(".ts") ? ["node", "--import", "tsx"] : ["node"],
        create: args.create && fromWorkingDirectory(args.create),
        delete: args.delete && fromWorkingDirectory(args.delete),
        environment: args.environment,
        triggers: args.triggers,
        logging: loggingOf(args),
        addPreviousOutputInEnv: args.remembers ?? false,
    }, { deleteBeforeReplace: true, additionalSecretOutputs: ["stdout", "stderr"], ...opts });
}

function loggingOf({ shown, tells }: ScriptArgs): local.Logging {
    if (shown) return tells ? local.Logging.StdoutAndStderr : local.Logging.Stdout;
    return tells ? local.Logging.Stderr : local.Logging.None;
}

/** The engine runs commands in the program's working directory; an absolute path would differ between computers. */
function fromWorkingDirectory(script: string): string {
    const relative = path.relative(process.cwd(), path.join(projectRoot, script));
    return relative.split(path.sep).join("/");
}
