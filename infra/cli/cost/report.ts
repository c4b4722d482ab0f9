import { Estimate, monthWithSpike, spikeHours, totalPerHour } from "./estimate";
import { hoursPerMonth, Item, perHour, Price } from "./model";
import { Row, Table } from "./table";

const itemHeader = ["Item", "At rest", "In the spike", "Unit price", "At rest/month", "In the spike/hour"];

/** What one stack costs in one cloud, for a terminal or for a file in Markdown. */
export function bill(estimate: Estimate, table: Table): string {
    return [
        table.render(itemHeader, itemRows(estimate)),
        table.list(gapsOf(estimate)),
        table.render(["Total", "At rest", "In the spike"], totalRows(estimate)),
        table.list(scaling(estimate.items)),
    ].filter(part => part !== "").join("\n\n");
}

/** What the bills of one cloud leave out, and where their prices are from. */
export function basis(estimates: Estimate[], table: Table): string {
    const [{ cloud }] = estimates;
    const charges = [...new Set(estimates.flatMap(({ byUse }) => byUse))];
    const prices = [...new Set([...estimates.flatMap(({ items }) => items), ...charges].map(({ price }) => price))];
    const seen = prices.flatMap(price => price.seen ?? []).sort();
    return [
        "Not counted, since it depends on use:",
        table.list(charges.map(({ what, price }) => `${what}: ${unitPrice(price)}`)),
        `Public list prices of ${cloud.name} in ${cloud.region}: pay as you go, US dollars, without tax.`
            + `${elsewhere(estimates)} ${seen.length} of these ${prices.length} were found in stored copies of the `
            + `provider's prices, or in pages that cite them, of ${seen[0]} to ${seen.at(-1)}; those with * were entered `
            + `from knowledge and compared with nothing. They are in ${cloud.file}, with the provider's pages:`,
        table.list(sources(prices)),
    ].join("\n\n");
}

function itemRows({ items }: Estimate): Row[] {
    return items.map(item => {
        const { rest, spike } = perHour(item);
        const { quantity, price, what } = item;
        return [
            what, counted(quantity.rest, price.unit), counted(quantity.spike, price.unit), unitPrice(price),
            dollars(rest * hoursPerMonth), dollars(spike),
        ];
    });
}

function gapsOf({ gaps }: Estimate): string[] {
    return gaps.map(({ what, missing }) => `NOT PRICED: ${what}; there has to be ${missing}.`);
}

/** What all totals are but for, where something has no price. */
function totalRows({ items, gaps }: Estimate): Row[] {
    const total = totalPerHour(items);
    const least = gaps.length > 0 ? "more than " : "";
    return [
        ["An hour", least + dollars(total.rest), least + dollars(total.spike)],
        [
            `A month (${hoursPerMonth} hours)`,
            least + dollars(total.rest * hoursPerMonth), least + dollars(total.spike * hoursPerMonth),
        ],
        [`A month with one spike of ${spikeHours} hours`, least + dollars(monthWithSpike(total)), ""],
    ];
}

function scaling(items: Item[]): string[] {
    const grows = items.filter(({ quantity }) => quantity.spike > quantity.rest);
    const named = (chosen: Item[]): string => chosen.map(({ what }) => what).join("; ") || "nothing";
    return [
        `Zero at rest: ${named(grows.filter(({ quantity }) => quantity.rest === 0))}.`,
        `Grows with the load and falls back: ${named(grows.filter(({ quantity }) => quantity.rest > 0))}.`,
        `Never zero: ${named(items.filter(({ quantity }) => quantity.rest > 0 && quantity.spike === quantity.rest))}.`,
    ];
}

function elsewhere(estimates: Estimate[]): string {
    const [{ cloud, region }] = estimates;
    return region && region !== cloud.region ? ` The stack is in ${region}, where prices are others.` : "";
}

function sources(prices: Price[]): string[] {
    const pages = [...new Set(prices.map(({ source }) => source))].sort();
    return pages.map(source => {
        const dates = prices.filter(price => price.source === source).map(({ seen }) => seen ?? "not compared");
        return `${source} (${[...new Set(dates)].sort().join(", ")})`;
    });
}

function unitPrice({ usd, per, unit, seen }: Price): string {
    const time = per === "use" ? "" : `-${per}`;
    return `$${amount(usd)} per ${unit}${time}${seen ? "" : " *"}`;
}

/** Prices as their provider writes them: with no fewer than two decimals, and none that it hasn't. */
function amount(usd: number): string {
    return usd.toLocaleString("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 8 });
}

export function dollars(usd: number): string {
    return `$${usd.toLocaleString("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 2 })}`;
}

function counted(count: number, unit: string): string {
    const plural = /s$/.test(unit) ? `${unit}es` : `${unit}s`;
    const named = count === 1 || unit === "GiB" ? unit : plural;
    return `${count.toLocaleString("en-US", { maximumFractionDigits: 2 })} ${named}`;
}
