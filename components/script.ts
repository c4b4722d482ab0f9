import { local } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { fromWorkingDirectory, libraryScript, nodeArguments } from "./project";

export interface ScriptArgs {
    /**
     * Node script of the library that creates the resource. It runs again when `environment` changes.
     * @default nothing happens on creation
     */
    create?: string;
    /** Node script that deletes it, with the environment of its creation. @default nothing happens on deletion */
    delete?: string;
    /** Variables for the scripts. They are part of the state, so they should be the same on all computers. */
    environment: Record<string, pulumi.Input<string>>;
    /** If one of these values changes, the resource is replaced: deleted, then created. */
    triggers?: pulumi.Input<string>[];
    /** Whether the user sees the scripts' standard output, which then must not contain a secret. @default false */
    shown?: boolean;
    /** Whether the user sees the scripts' standard error while they run, such as progress. @default false */
    tells?: boolean;
    /** Whether a script gets the output of its previous run in PULUMI_COMMAND_STDOUT. @default false */
    remembers?: boolean;
}

/**
 * A resource that Node scripts of the library create and delete. They are started without a shell, alike on every system.
 * Their output is secret, and hidden unless `shown` is set. If a script fails, the engine shows its output anyway, so scripts
 * print secrets last.
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
