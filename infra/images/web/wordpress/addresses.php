<?php
/** Replaces a site's old addresses with its new one, wherever WordPress stores them. */

/** An address of a site, such as https://www.example.com. */
const LANDFALL_ADDRESS = '~^https?://[^/\s"\'<>]+(/[^\s"\'<>]*)?$~i';

/** Replaces addresses such as https://old.example.com:8443/blog, whether plain, in JSON or URL-encoded. */
class Landfall_Addresses
{
    /** The hosts of the old addresses. Every text that needs a change contains one of them. */
    public readonly array $hosts;
    /** Maps each pattern to the function that encodes what the pattern finds. */
    private array $patterns = [];
    private array $new;

    /** @param string[] $old addresses without a slash at the end */
    public function __construct(array $old, string $new)
    {
        // Longest first, because one may begin with another.
        usort($old, fn (string $a, string $b): int => strlen($b) <=> strlen($a));
        $this->new = self::parts($new);
        $this->hosts = array_values(array_unique(array_map(fn (string $address): string => parse_url($address, PHP_URL_HOST), $old)));
        // Plain, in JSON, and URL-encoded.
        $writings = ['strval', fn (string $text): string => str_replace('/', '\\/', $text), 'rawurlencode'];
        foreach ($old as $address) {
            [, $place] = self::parts($address);
            foreach ($writings as $write) {
                $quoted = preg_quote($write($place), '~');
                $scheme = preg_quote($write(':'), '~');
                // Not within a longer name, nor with another port. An escape sequence may come directly before.
                $begin = '(?:(?<![\w:/\\\\%.-])|(?<=\\\\u00[0-9a-f]{2}|\\\\[nrt]|%2[0-9a-e]))';
                $this->patterns["~$begin(https?$scheme)?$quoted(?![\\w-]|\\.\\w|:\\d|%3A\\d)~i"] = $write;
            }
        }
    }

    /** Splits an address into its scheme and the rest, which begins with two slashes. */
    private static function parts(string $address): array
    {
        return explode(':', $address, 2);
    }

    /**
     * Returns the value, text or PHP's serialised data, with the new address. Corrects the lengths in serialised data.
     */
    public function replace(string $value): string
    {
        foreach ($this->hosts as $host) {
            if (stripos($value, $host) !== false) {
                return $this->serialized($value) ?? $this->text($value);
            }
        }
        return $value;
    }

    private function text(string $value): string
    {
        foreach ($this->patterns as $pattern => $write) {
            [$scheme, $place] = $this->new;
            $value = preg_replace_callback($pattern, fn (array $found): string =>
                (($found[1] ?? '') === '' ? '' : $write("$scheme:")) . $write($place), $value) ?? $value;
        }
        return $value;
    }

    /**
     * Replaces the addresses in all strings of serialised data; null if the value isn't serialised. Parses the data
     * instead of unserialising it, so that references and objects of missing classes stay as they are.
     */
    private function serialized(string $value): ?string
    {
        $at = 0;
        $result = preg_match('/^([aOCsE]):\d+:/', $value) ? $this->piece($value, $at) : null;
        return $at === strlen($value) ? $result : null;
    }

    private function piece(string $value, int &$at): ?string
    {
        // Null, booleans, numbers and references contain nothing to replace.
        if (preg_match('/\G(?:N|[bidrR]:[^;"{}]*);/A', $value, $found, 0, $at)) {
            $at += strlen($found[0]);
            return $found[0];
        }
        if (preg_match('/\Gs:(\d+):"/A', $value, $found, 0, $at)) {
            $start = $at + strlen($found[0]);
            $text = substr($value, $start, (int) $found[1]);
            $at = $start + (int) $found[1] + 2;
            if (substr($value, $at - 2, 2) !== '";') {
                return null;
            }
            $text = $this->replace($text);
            return 's:' . strlen($text) . ":\"$text\";";
        }
        if (preg_match('/\GE:\d+:"[^"]*";/A', $value, $found, 0, $at)) {
            $at += strlen($found[0]);
            return $found[0];
        }
        // A class that serialises itself: the content of the braces has its own format.
        if (preg_match('/\G(C:\d+:"[^"]*":)(\d+):\{/A', $value, $found, 0, $at)) {
            $start = $at + strlen($found[0]);
            $text = substr($value, $start, (int) $found[2]);
            $at = $start + (int) $found[2] + 1;
            if (substr($value, $at - 1, 1) !== '}') {
                return null;
            }
            $text = $this->replace($text);
            return $found[1] . strlen($text) . ":{{$text}}";
        }
        if (!preg_match('/\G(?:a|O:\d+:"[^"]*"):(\d+):\{/A', $value, $found, 0, $at)) {
            return null;
        }
        $at += strlen($found[0]);
        $result = $found[0];
        // Each entry is a key and a value.
        for ($left = 2 * (int) $found[1]; $left > 0; $left--) {
            $piece = $this->piece($value, $at);
            if ($piece === null) {
                return null;
            }
            $result .= $piece;
        }
        if (substr($value, $at, 1) !== '}') {
            return null;
        }
        $at++;
        return "$result}";
    }
}

/**
 * Replaces the addresses in all text columns of a table. Returns the number of changed rows. Reads on the one connection and
 * writes on the other. Without `$batch`, the rows belong to the caller's transaction, and the site may be in use: each row is
 * locked and read again before it is written, so nothing that is saved meanwhile is lost. With it, commits after that many rows.
 */
function landfall_replace_addresses(mysqli $read, mysqli $write, string $table, Landfall_Addresses $addresses, ?int $batch = null): int
{
    $columns = $read->query('SHOW COLUMNS FROM ' . landfall_id($table))->fetch_all(MYSQLI_ASSOC);
    $key = array_column(array_filter($columns, fn (array $column): bool => $column['Key'] === 'PRI'), 'Field');
    // A post's guid must never change: feed readers identify the post by it.
    $texts = array_values(array_diff(array_column(array_filter($columns, fn (array $column): bool =>
        (bool) preg_match('/char|text|json/i', $column['Type'])), 'Field'), $key, ['guid']));
    if ($texts === []) {
        return 0;
    }
    if ($key === []) {
        echo "Left the addresses in $table as they are: it has no primary key.\n";
        return 0;
    }
    $list = fn (array $names): string => implode(', ', array_map('landfall_id', $names));
    $equal = fn (array $names, string $by): string => implode($by, array_map(fn (string $name): string => landfall_id($name) . ' = ?', $names));
    $found = implode(' OR ', array_map(fn (string $column): string => implode(' OR ', array_map(fn (string $host): string =>
        landfall_id($column) . " LIKE '%" . $read->real_escape_string(addcslashes($host, '%_\\')) . "%'", $addresses->hosts)), $texts));
    $again = "SELECT {$list($texts)} FROM {$list([$table])} WHERE {$equal($key, ' AND ')} FOR UPDATE";
    $rows = $read->query("SELECT {$list([...$key, ...$texts])} FROM {$list([$table])} WHERE $found", MYSQLI_USE_RESULT);
    $changed = 0;
    if ($batch !== null) {
        $write->begin_transaction();
    }
    while ($row = $rows->fetch_assoc()) {
        $place = array_map(fn (string $column): mixed => $row[$column], $key);
        if ($batch === null) {
            $row = $write->execute_query($again, $place)->fetch_assoc() ?? [];
        }
        $new = [];
        foreach ($row as $column => $value) {
            $replaced = $value === null || !in_array($column, $texts, true) ? $value : $addresses->replace((string) $value);
            if ($replaced !== $value) {
                $new[$column] = $replaced;
            }
        }
        if ($new === []) {
            continue;
        }
        $write->execute_query("UPDATE {$list([$table])} SET {$equal(array_keys($new), ', ')} WHERE {$equal($key, ' AND ')}",
            [...array_values($new), ...$place]);
        // Waiting for the disk after each row would take most of the time.
        if (++$changed % ($batch ?? PHP_INT_MAX) === 0) {
            $write->commit();
            $write->begin_transaction();
        }
    }
    if ($batch !== null) {
        $write->commit();
    }
    $rows->free();
    return $changed;
}

/**
 * Gives the site in the database another address, everywhere or nowhere, while its old pods still serve. Returns the old
 * address and the number of changed rows; null if the site has this address already. `$started` is the time when this program
 * read its settings: if the site was moved since, they are old ones, and it throws.
 */
function landfall_move_site(string $prefix, string $address, float $started): ?array
{
    [$read, $write] = [landfall_connect_for_changes(), landfall_connect_for_changes()];
    try {
        $options = landfall_id("{$prefix}options");
        $stored = "SELECT DISTINCT TRIM(TRAILING '/' FROM option_value) FROM $options WHERE option_name IN ('home', 'siteurl')";
        $old = array_values(array_filter(array_column($read->query($stored)->fetch_all(), 0), fn (string $from): bool =>
            $from !== $address && preg_match(LANDFALL_ADDRESS, $from)));
        if ($old === []) {
            return null;
        }
        $last = "SELECT 1 FROM $options WHERE option_name = 'landfall_moved_at' AND option_value >= UNIX_TIMESTAMP(NOW(6)) - ?";
        if ($read->execute_query($last, [microtime(true) - $started])->num_rows > 0) {
            throw new RuntimeException("another pod has just moved the site to $old[0]; the next start reads the current settings");
        }
        $addresses = new Landfall_Addresses($old, $address);
        $tables = array_column($read->query("SHOW FULL TABLES WHERE Table_type = 'BASE TABLE'")->fetch_all(), 0);
        $changed = 0;
        $write->begin_transaction();
        foreach ($tables as $table) {
            $changed += landfall_replace_addresses($read, $write, $table, $addresses);
        }
        // An old address with a path could leave the path behind.
        $write->execute_query("UPDATE $options SET option_value = ? WHERE option_name IN ('home', 'siteurl')", [$address]);
        $write->query("REPLACE INTO $options (option_name, option_value, autoload) VALUES ('landfall_moved_at', UNIX_TIMESTAMP(NOW(6)), 'off')");
        $write->commit();
        return [implode(' and ', $old), $changed];
    } finally {
        // What isn't committed is undone with the connection.
        $write->close();
        $read->close();
        mysqli_report(MYSQLI_REPORT_OFF);
    }
}
