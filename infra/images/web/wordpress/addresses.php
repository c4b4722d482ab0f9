<?php
/** Puts a site's new address in the place of its old ones, wherever WordPress keeps it. */

/** Replaces addresses such as https://old.example.com:8443/blog, however they are written. */
class Landfall_Addresses
{
    /** What every text that needs a change has in it. */
    public readonly array $hosts;
    /** Pattern to how what it finds is written. */
    private array $patterns = [];
    private array $new;

    /** @param string[] $old addresses without a slash at the end */
    public function __construct(array $old, string $new)
    {
        // The longest first, as one may begin with another.
        usort($old, fn (string $a, string $b): int => strlen($b) <=> strlen($a));
        $this->new = self::parts($new);
        $this->hosts = array_values(array_unique(array_map(fn (string $address): string => parse_url($address, PHP_URL_HOST), $old)));
        // As they stand, in JSON, and in a query.
        $writings = ['strval', fn (string $text): string => str_replace('/', '\\/', $text), 'rawurlencode'];
        foreach ($old as $address) {
            [, $place] = self::parts($address);
            foreach ($writings as $write) {
                $quoted = preg_quote($write($place), '~');
                $scheme = preg_quote($write(':'), '~');
                // Not within a longer name, but after what an escape stands for; nor at another port.
                $begin = '(?:(?<![\w:/\\\\%.-])|(?<=\\\\u00[0-9a-f]{2}|\\\\[nrt]|%2[0-9a-e]))';
                $this->patterns["~$begin(https?$scheme)?$quoted(?![\\w-]|\\.\\w|:\\d|%3A\\d)~i"] = $write;
            }
        }
    }

    /** Scheme, and the rest from the two slashes on. */
    private static function parts(string $address): array
    {
        return explode(':', $address, 2);
    }

    /** The value with the new address: text, or what PHP's serialize makes, whose lengths are put right. */
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
     * Serialised data with all its texts replaced, null where the value is none. Read piece by piece instead of being
     * unserialised: objects of classes that aren't here, and references, stay as they are.
     */
    private function serialized(string $value): ?string
    {
        $at = 0;
        $result = preg_match('/^([aOCsE]):\d+:/', $value) ? $this->piece($value, $at) : null;
        return $at === strlen($value) ? $result : null;
    }

    private function piece(string $value, int &$at): ?string
    {
        // Null, whole numbers, floats, references: nothing to replace.
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
        // A class that writes itself: what is between the braces is its own.
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
        // A key and a value each.
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
