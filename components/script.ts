import { local } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { fromWorkingDirectory, libraryScript, nodeArguments } from "./project";

export interface ScriptArgs {
    /**
     * Node script of the library that creates the resource; it runs again when `environment` changes. Leave it out if there
     * is only something to do on deletion.
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
 * Runs Node scripts of the library as a resource: an argument array without a shell, the same on every system. Their output
 * is secret, and only shown if `shown` says so. If a script fails, the engine shows it anyway, so scripts print secrets
 * last.
 */
export function scriptCommand(name: string, args: ScriptArgs, opts: pulumi.CustomResourceOptions): local.Command {
    const [create, remove] = [args.create, args.delete].map(script => script && fromWorkingDirectory(libraryScript(script)));
    return new local.Command(name, {
        interpreter: ["node", ...nodeArguments(create ?? remove ?? "")],
        create,
        delete: remove,
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
