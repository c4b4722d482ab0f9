const inTheWay = "resource already exists in the cluster";

/**
 * What Pulumi says of an object that is there already, without its advice to take over whatever that is: with the stack
 * it would be deleted later, whoever made it.
 */
export function explainExisting(reason: string): string {
    if (!reason.includes(inTheWay)) return reason;
    const [, object = "An object"] = /(\S+ "[^"]+") already exists/.exec(reason) ?? [];
    return `${object} exists already: someone has made it since Landfall looked at the cluster. It was left alone. `
        + "Run the command again: it says whose the object is, and takes it up only if this stack has made it.";
}
