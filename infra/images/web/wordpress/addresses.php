<?php
/** Replaces a site's old addresses with its new one, wherever WordPress stores them. */

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
