<?php
/**
 * Plugin Name: Landfall login limits
 * Description: Counts wrong passwords for each account and each address, and answers 429 beyond a number of them.
 *
 * Counted in the database, so that all replicas know. A browser that has logged in to an account has a count of its own:
 * strangers who guess don't lock that account's user out. Who has no such browser has a new password set for the account,
 * which opens it for a while.
 */

/** Seconds from the first attempt that is counted until the count begins again. */
const LANDFALL_ATTEMPTS_SECONDS = 900;
/** Attempts in that time. People behind one address share it, hence more than for an account. */
const LANDFALL_ATTEMPTS = [
    'device' => 10, 'account' => 10, 'address' => 20,
    'application-account' => 20, 'application-address' => 40,
    'reset-account' => 3, 'reset-address' => 10,
];
/** How long a browser is known after a login. */
const LANDFALL_DEVICE_SECONDS = 180 * DAY_IN_SECONDS;

/** Runs a statement on the table of attempts, which is made when first needed: an imported database has none. */
function landfall_attempts_query(string $statement, ...$values): bool
{
    global $wpdb;
    $table = "{$wpdb->prefix}landfall_attempts";
    $query = $wpdb->prepare(str_replace('{table}', $table, $statement), ...$values);
    $hidden = $wpdb->suppress_errors();
    $done = $wpdb->query($query) !== false || ($wpdb->query(
        "CREATE TABLE IF NOT EXISTS `$table` (id BINARY(16) PRIMARY KEY, attempts INT NOT NULL, expires BIGINT NOT NULL,
            KEY expires (expires)) ENGINE=InnoDB",
    ) !== false && $wpdb->query($query) !== false);
    $wpdb->suppress_errors($hidden);
    return $done;
}

/** The name of a count in the database, which tells neither addresses nor accounts. */
function landfall_attempts_id(string $kind, string $of): string
{
    return substr(hash_hmac('sha256', "$kind $of", wp_salt()), 0, 32);
}

/**
 * Counts an attempt, before its outcome is known, so that many at once are no more than one after the other. Returns
 * the seconds until the next one, 0 where this one may go on. The clock is the database's.
 */
function landfall_count_attempt(string $kind, string $of): int
{
    global $wpdb;
    $id = landfall_attempts_id($kind, $of);
    landfall_attempts_query('DELETE FROM {table} WHERE expires <= UNIX_TIMESTAMP() LIMIT 20');
    $counted = landfall_attempts_query(
        'INSERT INTO {table} (id, attempts, expires) VALUES (UNHEX(%s), 1, UNIX_TIMESTAMP() + %d)
            ON DUPLICATE KEY UPDATE attempts = IF(expires <= UNIX_TIMESTAMP(), 1, attempts + 1),
            expires = IF(expires <= UNIX_TIMESTAMP(), VALUES(expires), expires)',
        $id, LANDFALL_ATTEMPTS_SECONDS,
    );
    $row = $counted ? $wpdb->get_row($wpdb->prepare(
        "SELECT attempts, expires - UNIX_TIMESTAMP() AS seconds FROM {$wpdb->prefix}landfall_attempts WHERE id = UNHEX(%s)",
        $id,
    )) : null;
    return $row !== null && $row->attempts > LANDFALL_ATTEMPTS[$kind] ? max(1, (int) $row->seconds) : 0;
}

/** Takes back an attempt that was right. */
function landfall_forget_attempt(string $kind, string $of): void
{
    landfall_attempts_query('UPDATE {table} SET attempts = attempts - 1 WHERE id = UNHEX(%s)', landfall_attempts_id($kind, $of));
}

/** Counts an attempt under each of these, up to the first that is used up; returns the seconds to wait. */
function landfall_count_attempts(array $counts): int
{
    foreach ($counts as $kind => $of) {
        $seconds = landfall_count_attempt($kind, $of);
        if ($seconds > 0) {
            return $seconds;
        }
    }
    return 0;
}

/** An account, whether its name or its address is given, and whether or not there is one: both are answered alike. */
function landfall_account(string $name): string
{
    $user = get_user_by('login', $name) ?: (is_email($name) ? get_user_by('email', $name) : false);
    return $user === false ? 'name ' . mb_strtolower(trim($name)) : "user $user->ID";
}

/** Who asks, for counts of this kind: of IPv6 the network, in which a client may choose. Nothing where all look alike. */
function landfall_client(string $kind): array
{
    $address = @inet_pton($_SERVER['REMOTE_ADDR'] ?? '');
    if ($address === false || landfall_setting('WORDPRESS_SEES_CLIENTS', 'no') !== 'yes') {
        return [];
    }
    $isMapped = str_starts_with($address, str_repeat("\0", 10) . "\xff\xff");
    return [$kind => bin2hex(strlen($address) === 4 ? $address : ($isMapped ? substr($address, 12) : substr($address, 0, 8)))];
}

function landfall_device_cookie(int $user): string
{
    return 'landfall_device_' . substr(hash_hmac('sha256', "cookie $user", wp_salt()), 0, 12);
}

function landfall_device_signature(int $user, string $device, int $expires): string
{
    return hash_hmac('sha256', "device $user $device $expires", wp_salt());
}

/** The browser that asks, if it has logged in to this account before. */
function landfall_known_device(int $user): ?string
{
    $cookie = $_COOKIE[landfall_device_cookie($user)] ?? '';
    [$device, $expires, $signature] = explode('.', is_string($cookie) ? $cookie : '') + ['', '', ''];
    $isKnown = (int) $expires > time() && hash_equals(landfall_device_signature($user, $device, (int) $expires), $signature);
    return $isKnown ? $device : null;
}

function landfall_refuse_attempt(int $seconds): WP_Error
{
    $minutes = (int) ceil($seconds / 60);
    if (!headers_sent()) {
        status_header(429);
        header("Retry-After: $seconds");
    }
    return new WP_Error('too_many_attempts', sprintf(
        'Too many attempts. Try again in %d %s, or in a browser in which you have logged in before.',
        $minutes, $minutes === 1 ? 'minute' : 'minutes',
    ), ['status' => 429]);
}

// The form. Every other check of the password follows, unless there were too many.
add_filter('authenticate', function ($user, $name, $password) {
    if (!is_string($name) || $name === '' || !is_string($password) || $password === '') {
        return $user;
    }
    $account = landfall_account($name);
    $device = str_starts_with($account, 'user ') ? landfall_known_device((int) substr($account, strlen('user '))) : null;
    $counts = $device === null ? landfall_client('address') + ['account' => $account] : ['device' => $device];
    $seconds = landfall_count_attempts($counts);
    if ($seconds > 0) {
        remove_all_filters('authenticate');
        return landfall_refuse_attempt($seconds);
    }
    add_action('wp_login', function () use ($counts): void {
        foreach ($counts as $kind => $of) {
            landfall_forget_attempt($kind, $of);
        }
    });
    return $user;
}, 1, 3);

add_filter('shake_error_codes', fn (array $codes): array => [...$codes, 'too_many_attempts']);

add_action('wp_login', function (string $name, WP_User $user): void {
    if (headers_sent()) {
        return;
    }
    $device = bin2hex(random_bytes(16));
    $expires = time() + LANDFALL_DEVICE_SECONDS;
    setcookie(landfall_device_cookie($user->ID), "$device.$expires." . landfall_device_signature($user->ID, $device, $expires), [
        'expires' => $expires, 'path' => '/wp-login.php', 'secure' => is_ssl(), 'httponly' => true, 'samesite' => 'Lax',
    ]);
}, 10, 2);

// Who runs the site sets a password: that opens the account for a thousand attempts, from any address.
add_action('wp_set_password', function ($password, $user): void {
    if (PHP_SAPI === 'cli') {
        landfall_attempts_query('DELETE FROM {table} WHERE attempts > %d', 0);
        landfall_attempts_query(
            'REPLACE INTO {table} (id, attempts, expires) VALUES (UNHEX(%s), -1000, UNIX_TIMESTAMP() + %d)',
            landfall_attempts_id('account', "user $user"), LANDFALL_ATTEMPTS_SECONDS,
        );
    }
}, 10, 2);

// Application passwords can't be guessed, so a right one is always let in; whoever sends wrong ones is told to stop.
add_action('application_password_failed_authentication', function (): void {
    $account = landfall_account((string) ($_SERVER['PHP_AUTH_USER'] ?? ''));
    $seconds = landfall_count_attempts(landfall_client('application-address') + ['application-account' => $account]);
    if ($seconds > 0) {
        add_filter('rest_authentication_errors', fn () => landfall_refuse_attempt($seconds), 200);
    }
});

// Who asks is looked up early, or a wrong application password would come out after the question whether it is one.
add_filter('rest_authentication_errors', function ($error) {
    is_user_logged_in();
    return $error;
}, 1);

// Mails with a link to set a password.
add_filter('lostpassword_errors', function (WP_Error $errors): WP_Error {
    $name = $_POST['user_login'] ?? '';
    if (is_string($name) && $name !== '') {
        $seconds = landfall_count_attempts(
            landfall_client('reset-address') + ['reset-account' => landfall_account(wp_unslash($name))]);
        return $seconds > 0 ? landfall_refuse_attempt($seconds) : $errors;
    }
    return $errors;
}, 5);
