import { madeBy } from "../../../components/cluster/ownership/marks";
import { isOfEnvironment } from "../../../components/platform/gateway/names";
import { type Fields, list, text } from "./fields";
import { condition, type Observed } from "./objects";

/** The stack whose status it is. */
interface Owner {
    stack: string;
    hosts: string[];
    /** Whether the platform is another stack's. */
    shares: boolean;
}

/**
 * What was observed without the certificates and listeners of other stacks' environments on the same platform, which are
 * those stacks' concern.
 */
export function withoutOthers(observed: Observed, { stack, hosts, shares }: Owner): Observed {
    const isOwn = (object: Fields): boolean => ["", `landfall/${stack}`].includes(text(object, "metadata", "annotations", madeBy));
    const own = hosts.flatMap(host => [`http.${host}`, `https.${host}`]);
    const isOthers = (listener: Fields): boolean =>
        !own.includes(text(listener, "name")) && (shares || isOfEnvironment(text(listener, "name")));
    return {
        ...observed,
        certificates: observed.certificates.filter(isOwn),
        gateways: observed.gateways.map(gateway => withListeners(gateway, isOthers)),
    };
}

/** A Gateway without these listeners, and without Contour's word that some listener isn't valid if it was one of them. */
function withListeners(gateway: Fields, isOthers: (listener: Fields) => boolean): Fields {
    const [others, listeners] = [true, false].map(wanted => list(gateway, "status", "listeners").filter(each => isOthers(each) === wanted));
    if (others.length === 0) return gateway;
    const isFine = (listener: Fields): boolean => list(listener, "conditions").every(each =>
        text(each, "status") !== "False" || !["Accepted", "Programmed", "ResolvedRefs"].includes(text(each, "type")));
    const excused = text(condition(gateway, "Programmed"), "reason") === "ListenersNotValid" && listeners.every(isFine);
    const conditions = list(gateway, "status", "conditions").map(each =>
        (excused && text(each, "type") === "Programmed" ? { ...each, status: "True" } : each));
    return { ...gateway, status: { ...(gateway.status as object), listeners, conditions } };
}
