export const patiently: string;
export const purgePackages: string;
