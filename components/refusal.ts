import * as pulumi from "@pulumi/pulumi";

/**
 * Stops the program with a message for the user, from within an output too. Otherwise the SDK would prefix the message with
 * the name of every property that depends on the output.
 */
export class Refusal extends pulumi.RunError {
    constructor(message: string) {
        super(message);
        Object.defineProperty(this, "message", { get: () => message, set: () => undefined });
    }
}
