import { page } from "./page";

/** Prices of us-central1, on demand. */
export const region = "us-central1";

const gke = "https://cloud.google.com/kubernetes-engine/pricing";
const nat = "https://cloud.google.com/nat/pricing";
const network = "https://cloud.google.com/vpc/network-pricing";
const disks = "https://cloud.google.com/compute/disks-image-pricing";
const filestore = "https://cloud.google.com/filestore/pricing";
const kms = "https://cloud.google.com/kms/pricing";
const observability = "https://cloud.google.com/stackdriver/pricing";

export const cluster = page(gke, "2026-07-01").hourly(0.10, "cluster");
export const autopilotCpu = page(gke, "2026-07-01").hourly(0.0445, "vCPU");
export const autopilotMemory = page(gke, "2026-07-01").hourly(0.0049225, "GiB");
export const autopilotDisk = page(gke, "2026-07-01").byUse(0.0000548, "GiB-hour");

export const machines = page("https://cloud.google.com/compute/all-pricing", "2026-08-03").machines({
    "e2-medium": [0.03350571, 1, 4], "e2-standard-2": [0.06701142, 2, 8], "e2-standard-4": [0.13402284, 4, 16],
    "e2-standard-8": [0.26804568, 8, 32], "e2-highmem-2": [0.09039966, 2, 16], "e2-highcpu-4": [0.09894048, 4, 4],
    "n2-standard-2": [0.097118, 2, 8], "n2-standard-4": [0.194236, 4, 16],
    "n2d-standard-2": [0.084492, 2, 8], "n2d-standard-4": [0.168984, 4, 16],
    "n4-standard-2": [0.0907, 2, 8], "n4-standard-4": [0.1814, 4, 16],
    "t2d-standard-2": [0.084492, 2, 8], "t2d-standard-4": [0.168984, 4, 16],
});

/** Disks by their type, and in two zones. */
export const balancedDisk = page(disks).monthly(0.10, "GiB");
export const regionalBalancedDisk = page(disks).monthly(0.20, "GiB");
/** File systems by their tier; the driver makes none smaller than `smallestShare` GiB. */
export const shares = {
    basic_hdd: page(filestore, "2026-06-15").monthly(0.16, "GiB"),
    regional: page(filestore, "2026-06-15").monthly(0.45, "GiB"),
};
export const smallestShare = 100;
/** For each of the first 32 machines. */
export const natMachine = page(nat, "2026-10-01").hourly(0.0014, "node");
export const natAddress = page(nat, "2026-10-01").hourly(0.005, "address");
export const natData = page(nat, "2026-10-01").byUse(0.045, "GiB");
/** Five rules together. */
export const fiveRules = page(network, "2026-10-01").hourly(0.025, "set of five rules");
export const moreRules = page(network, "2026-10-01").hourly(0.01, "rule");
export const balancerData = page(network, "2026-10-01").byUse(0.008, "GiB");
export const keyVersion = page(kms, "2025-03-17").monthly(0.06, "version");
export const keyUses = page(kms, "2025-03-17").byUse(0.03, "10,000 operations");
export const logsIngested = page(observability).byUse(0.50, "GiB after the first 50 of a month");
export const logsKept = page(observability).byUse(0.01, "GiB-month after 30 days");
export const samples = page(observability).byUse(0.06, "million samples");
export const flowLogs = page(network).byUse(0.50, "GiB");
export const images = page("https://cloud.google.com/artifact-registry/pricing", "2024-07-01").byUse(0.10, "GB-month");
export const trafficOut = page(network).byUse(0.12, "GiB");
export const trafficBetweenZones = page(network).byUse(0.01, "GiB");
