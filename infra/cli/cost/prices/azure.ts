import { page } from "./page";

/** Prices of East US, Linux, pay as you go. */
export const region = "eastus";

const aks = "https://azure.microsoft.com/en-us/pricing/details/kubernetes-service/";
const disks = "https://azure.microsoft.com/en-us/pricing/details/managed-disks/";
const files = "https://azure.microsoft.com/en-us/pricing/details/storage/files/";
const machinePage = "https://azure.microsoft.com/en-us/pricing/details/virtual-machines/linux/";
const balancers = "https://azure.microsoft.com/en-us/pricing/details/load-balancer/";
const registries = "https://azure.microsoft.com/en-us/pricing/details/container-registry/";
const monitor = "https://azure.microsoft.com/en-us/pricing/details/monitor/";

/** Control planes by their tier; the free one has no price. */
export const clusters = {
    Standard: page(aks, "2024-08-30").hourly(0.10, "cluster"),
};

export const machines = {
    ...page(machinePage, "2026-06-18").machines({
        Standard_B2s_v2: [0.0832, 2, 8], Standard_B2as_v2: [0.0752, 2, 8],
        Standard_D4as_v5: [0.172, 4, 16], Standard_D8as_v5: [0.344, 8, 32],
        Standard_D2s_v5: [0.096, 2, 8], Standard_D4s_v5: [0.192, 4, 16], Standard_D8s_v5: [0.384, 8, 32],
        Standard_D2ds_v5: [0.113, 2, 8], Standard_D4ds_v5: [0.226, 4, 16], Standard_D4ads_v5: [0.206, 4, 16],
        Standard_D2as_v6: [0.0908, 2, 8], Standard_D4as_v6: [0.182, 4, 16],
        Standard_D2s_v6: [0.101, 2, 8], Standard_D4s_v6: [0.202, 4, 16],
        Standard_D2ps_v5: [0.077, 2, 8], Standard_D4ps_v5: [0.154, 4, 16],
        Standard_E2as_v5: [0.113, 2, 16], Standard_F4s_v2: [0.169, 4, 8],
    }),
    // Half of the next larger one, as in every series; copies of the price list have the price with Windows.
    ...page(machinePage).machines({ Standard_D2as_v5: [0.086, 2, 8] }),
};

/** Disks by kind and copies, each by its size in GiB: one is billed as the next size that there is. */
export const managedDisks = {
    Premium_LRS: {
        32: page(disks, "2024-07-01").monthly(5.28, "disk"),
        64: page(disks).monthly(10.21, "disk"),
        128: page(disks, "2025-01-15").monthly(19.71, "disk"),
        256: page(disks).monthly(38.02, "disk"),
    },
    Premium_ZRS: {
        32: page(disks).monthly(7.92, "disk"),
        64: page(disks).monthly(15.32, "disk"),
        128: page(disks).monthly(29.57, "disk"),
        256: page(disks).monthly(57.03, "disk"),
    },
    StandardSSD_LRS: {
        32: page(disks, "2024-07-01").monthly(2.40, "disk"),
        64: page(disks).monthly(4.80, "disk"),
        128: page(disks).monthly(9.60, "disk"),
        256: page(disks).monthly(19.20, "disk"),
    },
    StandardSSD_ZRS: {
        32: page(disks).monthly(3.60, "disk"),
        64: page(disks).monthly(7.20, "disk"),
        128: page(disks).monthly(14.40, "disk"),
        256: page(disks).monthly(28.80, "disk"),
    },
};

/** Shares on solid-state disks, of which there is none smaller than `smallestShare` GiB. */
export const shares = {
    Premium_LRS: page(files, "2026-07-24").monthly(0.16, "GiB"),
    Premium_ZRS: page(files, "2026-07-24").monthly(0.20, "GiB"),
};
export const smallestShare = 100;

/** Five rules of the one balancer that a cluster has. */
export const fiveRules = page(balancers, "2026-10-04").hourly(0.025, "set of five rules");
export const moreRules = page(balancers).hourly(0.01, "rule");
export const balancerData = page(balancers, "2024-07-01").byUse(0.005, "GB");
export const address =
    page("https://azure.microsoft.com/en-us/pricing/details/ip-addresses/", "2026-04-03").hourly(0.005, "address");
export const registry = {
    Basic: page(registries, "2024-07-01").daily(0.1667, "registry"),
    Standard: page(registries).daily(0.6667, "registry"),
    Premium: page(registries, "2024-07-01").daily(1.6667, "registry"),
};
export const images = page(registries, "2024-07-01").byUse(0.10, "GB-month above what is included");
export const keyUses =
    page("https://azure.microsoft.com/en-us/pricing/details/key-vault/", "2024-07-01").byUse(0.15, "10,000 operations");
export const logsIngested = page(monitor).byUse(2.30, "GB after the first 5 of a month");
export const logsKept = page(monitor).byUse(0.10, "GB-month after 31 days");
export const trafficOut =
    page("https://azure.microsoft.com/en-us/pricing/details/bandwidth/").byUse(0.087, "GB after the first 100 of a month");
