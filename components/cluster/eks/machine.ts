/** Amazon Linux 2023 for the processor of the pool's machines. */
export function imageOf(instanceTypes: string[]): string {
    return instanceTypes.some(isArm) ? "AL2023_ARM_64_STANDARD" : "AL2023_x86_64_STANDARD";
}

/** Whether the EC2 instance type has an Arm processor, as `m7g.large` and `c6gn.xlarge` have. */
export function isArm(instanceType: string): boolean {
    return /^(a1|[a-z]+\d+g[a-z]*)\./.test(instanceType);
}

/** The instance types of a pool: one, or several with commas between. */
export function instanceTypesOf(machineType: string): string[] {
    return machineType.split(",");
}
