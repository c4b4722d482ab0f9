import { page } from "./page";

/** Prices of us-east-1, Linux, on demand. */
export const region = "us-east-1";

const eks = "https://aws.amazon.com/eks/pricing/";
const vpc = "https://aws.amazon.com/vpc/pricing/";
const ec2 = "https://aws.amazon.com/ec2/pricing/on-demand/";
const balancing = "https://aws.amazon.com/elasticloadbalancing/pricing/";
const efs = "https://aws.amazon.com/efs/pricing/";
const kms = "https://aws.amazon.com/kms/pricing/";
const logs = "https://aws.amazon.com/cloudwatch/pricing/";

export const cluster = page(eks, "2025-07-07").hourly(0.10, "cluster");
/** What Auto Mode takes, as a part of the machine's own price. */
export const autoMode = { source: eks, share: 0.12 };

export const machines = page(ec2, "2026-07-20").machines({
    "t3.medium": [0.0416, 2, 4], "t3.large": [0.0832, 2, 8], "t3.xlarge": [0.1664, 4, 16],
    "t3a.large": [0.0752, 2, 8], "t4g.large": [0.0672, 2, 8],
    "m5.large": [0.096, 2, 8], "m5.xlarge": [0.192, 4, 16], "m5a.large": [0.086, 2, 8],
    "m6i.large": [0.096, 2, 8], "m6i.xlarge": [0.192, 4, 16], "m6i.2xlarge": [0.384, 8, 32],
    "m6a.large": [0.0864, 2, 8], "m6a.xlarge": [0.1728, 4, 16], "m6g.large": [0.077, 2, 8],
    "m7i.large": [0.1008, 2, 8], "m7i.xlarge": [0.2016, 4, 16], "m7a.large": [0.11592, 2, 8],
    "m7g.large": [0.0816, 2, 8], "m7g.xlarge": [0.1632, 4, 16],
    "c5.large": [0.085, 2, 4], "c6i.large": [0.085, 2, 4], "c6i.xlarge": [0.17, 4, 8], "c6a.large": [0.0765, 2, 4],
    "c6a.xlarge": [0.153, 4, 8], "c7i.large": [0.08925, 2, 4], "r6i.large": [0.126, 2, 16],
});

export const gp3 = page("https://aws.amazon.com/ebs/pricing/", "2025-07-07").monthly(0.08, "GiB");
export const nat = page(vpc, "2024-07-01").hourly(0.045, "gateway");
export const natData = page(vpc, "2024-07-01").byUse(0.045, "GB");
export const address = page(vpc, "2026-06-13").hourly(0.005, "address");
export const balancer = page(balancing, "2024-07-01").hourly(0.0225, "balancer");
export const balancerUnits = page(balancing, "2024-07-01").byUse(0.006, "capacity unit-hour");
export const files = page(efs, "2024-07-01").monthly(0.30, "GiB");
export const filesRead = page(efs).byUse(0.03, "GiB");
export const filesWrite = page(efs).byUse(0.06, "GiB");
export const filesBackup = page("https://aws.amazon.com/backup/pricing/").monthly(0.05, "GiB");
export const key = page(kms, "2024-07-01").monthly(1, "key");
export const keyRequests = page(kms, "2024-07-01").byUse(0.03, "10,000 requests");
export const logsIngested = page(logs, "2024-07-01").byUse(0.50, "GB");
export const logsKept = page(logs, "2024-07-01").byUse(0.03, "GB-month");
export const images = page("https://aws.amazon.com/ecr/pricing/", "2024-07-01").byUse(0.10, "GB-month");
export const trafficOut = page(ec2).byUse(0.09, "GB after the first 100 of a month");
export const trafficBetweenZones = page(ec2, "2026-06-13").byUse(0.01, "GB each way");
