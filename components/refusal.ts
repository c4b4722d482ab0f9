import * as pulumi from "@pulumi/pulumi";

/**
 * Stops the program with a message for people, also from within an output: there the SDK would put the name of every
 * property that waits for it before the message, a hundred times over.
 */
export class Refusal extends pulumi.RunError {
    constructor(message: string) {
        super(message);
        Object.defineProperty(this, "message", { get: () => message, set: () => undefined });
    }
}
