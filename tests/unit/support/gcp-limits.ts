import { networkSize, parseNetwork, rangesOverlap } from "../../../components/cluster/ipv4";
import { Registered } from "../../../infra/cli/capture";

type Inputs = Record<string, unknown>;
type Limits = Record<string, (value: never, inputs: never) => boolean>;

const matches = (pattern: RegExp) => (value: string): boolean => pattern.test(value);
const between = (least: number, most: number) => (value: number): boolean => value >= least && value <= most;

/** RFC 1035, as Compute Engine wants all its names. */
const computeName = matches(/^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/);
const seconds = (least: number) => (value: string): boolean => Number(/^(\d+)s$/.exec(value)?.[1]) >= least;
const isPowerOfTwo = (value: number): boolean => Number.isInteger(Math.log2(value));

interface Window { startTime: string; endTime: string; recurrence: string }
interface Range { rangeName: string; ipCidrRange: string }

/**
 * Limits that are only in Google's documentation and in the provider's own checks (its sources): patterns of
 * names, ranges of numbers, and what of two inputs has to fit together.
 */
const limits: Record<string, Limits> = {
    "gcp:compute/network:Network": { name: computeName },
    "gcp:compute/router:Router": { name: computeName },
    "gcp:compute/routerNat:RouterNat": {
        name: computeName,
        minPortsPerVm: (value: number) => isPowerOfTwo(value) && between(32, 32768)(value),
        maxPortsPerVm: (value: number, { minPortsPerVm }: { minPortsPerVm: number }) =>
            isPowerOfTwo(value) && between(64, 65536)(value) && value > minPortsPerVm,
        // Dynamic allocation excludes it.
        enableEndpointIndependentMapping: (value: boolean, { enableDynamicPortAllocation: dynamic }: Inputs) =>
            !(value && dynamic),
    },
    "gcp:compute/subnetwork:Subnetwork": {
        name: computeName,
        secondaryIpRanges: (ranges: Range[], { ipCidrRange }: { ipCidrRange: string }) =>
            ranges.every(({ rangeName }) => computeName(rangeName)) && apart([ipCidrRange, ...ranges.map(
                range => range.ipCidrRange)]) && servicesFit(ranges),
    },
    "gcp:container/cluster:Cluster": {
        name: matches(/^[a-z]([-a-z0-9]{0,38}[a-z0-9])?$/),
        defaultMaxPodsPerNode: between(8, 256),
        maintenancePolicy: ({ recurringWindow }: { recurringWindow: Window }) => hoursIn32Days(recurringWindow) >= 48,
    },
    "gcp:container/nodePool:NodePool": {
        nodeConfig: ({ diskSizeGb, resourceLabels }: { diskSizeGb: number; resourceLabels: Record<string, string> }) =>
            between(10, 65536)(diskSizeGb) && areLabels(resourceLabels),
        autoscaling: ({ totalMinNodeCount: min, totalMaxNodeCount: max }: Record<string, number>) =>
            min >= 0 && max >= 1 && min <= max,
        initialNodeCount: between(0, 1000),
    },
    "gcp:kms/keyRing:KeyRing": { name: matches(/^[a-zA-Z0-9_-]{1,63}$/) },
    "gcp:kms/cryptoKey:CryptoKey": { name: matches(/^[a-zA-Z0-9_-]{1,63}$/), rotationPeriod: seconds(24 * 60 * 60) },
    "gcp:artifactregistry/repository:Repository": { repositoryId: matches(/^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/) },
    "gcp:logging/projectBucketConfig:ProjectBucketConfig": {
        bucketId: matches(/^[a-zA-Z0-9][\w.-]{0,99}$/), retentionDays: between(1, 3650),
    },
    "gcp:logging/projectSink:ProjectSink": { name: matches(/^[\w.-]{1,100}$/) },
    "gcp:serviceaccount/account:Account": { accountId: matches(/^[a-z]([-a-z0-9]{4,28}[a-z0-9])$/) },
    "gcp:projects/iAMMember:IAMMember": {
        member: matches(/^(user|group|serviceAccount):[^@\s]+@\S+$|^principal(Set)?:\/\/iam\.googleapis\.com\/\S+$/),
        condition: ({ title, description }: Record<string, string>) => title.length <= 100 && description.length <= 256,
    },
    "pulumi:providers:gcp": {
        defaultLabels: (labels: string) => areLabels(JSON.parse(labels) as Record<string, string>),
    },
};

/** Which inputs are beyond the limits. */
export function limitProblems({ type, inputs }: Pick<Registered, "type" | "inputs">): string[] {
    const known = withSuffix(inputs) as Record<string, never>;
    return Object.entries(limits[type] ?? {})
        .filter(([key, isWithin]) => known[key] !== undefined && !isWithin(known[key], known as never))
        .map(([key]) => `${key} is beyond its limits: ${JSON.stringify(known[key])}`);
}

/** Puts six digits where a capture names the random value that a real run would have. */
function withSuffix(value: unknown): unknown {
    return JSON.parse(JSON.stringify(value).replace(/random:[\w-]+/g, "0a1b2c")) as unknown;
}

function areLabels(labels: Record<string, string>): boolean {
    return Object.entries(labels).every(([key, value]) =>
        /^[a-z][a-z0-9_-]{0,62}$/.test(key) && /^[a-z0-9_-]{0,63}$/.test(value));
}

function apart(networks: string[]): boolean {
    const parsed = networks.map(network => parseNetwork(network));
    return parsed.every((one, index) => one !== undefined
        && parsed.slice(index + 1).every(other => other !== undefined && !rangesOverlap(one, other)));
}

function servicesFit(ranges: Range[]): boolean {
    const services = parseNetwork(ranges.find(({ rangeName }) => rangeName === "services")?.ipCidrRange ?? "");
    return services !== undefined && between(networkSize(27), networkSize(16))(networkSize(services.prefix));
}

/** The hours of a weekly window in the 32 days that have the fewest of it: a weekday comes at least four times. */
function hoursIn32Days({ startTime, endTime, recurrence }: Window): number {
    const [start, end] = [startTime, endTime].map(time => new Date(time));
    const day = ["SU", "MO", "TU", "WE", "TH", "FR", "SA"][start.getUTCDay()];
    const hours = (end.getTime() - start.getTime()) / 3_600_000;
    return recurrence === `FREQ=WEEKLY;BYDAY=${day}` && hours >= 4 ? 4 * hours : 0;
}
