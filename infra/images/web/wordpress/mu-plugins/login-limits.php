<?php
/**
 * Plugin Name: Landfall login limits
 * Description: Counts wrong passwords for each account and each address, and answers 429 beyond a number of them.
 *
 * The counts are in the database, so all replicas share them. A browser that has logged in to an account before has its
 * own count, so strangers who guess passwords don't lock the user out. Users without such a browser need a new password
 * from the command line (manage-users), which unlocks the account for a while.
 */

/** Seconds from the first counted attempt until the count restarts. */
const LANDFALL_ATTEMPTS_SECONDS = 900;
/** Attempts allowed in that time. An address gets more than an account, because several people may share it. */
const LANDFALL_ATTEMPTS = [
    'device' => 10, 'account' => 10, 'address' => 20,
    'application-account' => 20, 'application-address' => 40,
    'reset-account' => 3, 'reset-address' => 10,
];
/** Seconds for which a browser is recognised after a login. */
const LANDFALL_DEVICE_SECONDS = 180 * DAY_IN_SECONDS;

/**
 * Runs a statement on the table of attempts; false if it fails. Creates a missing table: an imported database has none.
 */
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

/** Returns a count's ID in the database, which reveals neither the address nor the account. */
function landfall_attempts_id(string $kind, string $of): string
{
    return substr(hash_hmac('sha256', "$kind $of", wp_salt()), 0, 32);
}

/**
 * Counts an attempt before its outcome is known, so that parallel attempts gain nothing over sequential ones. Returns
 * the seconds to wait until the next one, or 0 if this one may proceed. Uses the database's clock.
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

/** Removes a successful attempt from its count. */
function landfall_forget_attempt(string $kind, string $of): void
{
    landfall_attempts_query('UPDATE {table} SET attempts = attempts - 1 WHERE id = UNHEX(%s)', landfall_attempts_id($kind, $of));
}

/** Counts an attempt under each of these, up to the first exhausted count. Returns the seconds to wait, or 0. */
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

/**
 * Identifies an account by its user name or e-mail address. Unknown names count too, so that they get the same answers.
 */
function landfall_account(string $name): string
{
    $user = get_user_by('login', $name) ?: (is_email($name) ? get_user_by('email', $name) : false);
    return $user === false ? 'name ' . mb_strtolower(trim($name)) : "user $user->ID";
}

/**
 * Returns the client's address for counts of this kind; for IPv6 its /64 network, in which a client can choose
 * addresses. Empty if the gateway hides the clients' addresses: all would share one count.
 */
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

/** Returns the browser's ID if it has logged in to this account before, else null. */
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

// The login form. All other password checks come after this one, unless there were too many attempts.
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

// A password set from the command line opens the account for a thousand attempts, from any address.
add_action('wp_set_password', function ($password, $user): void {
    if (PHP_SAPI === 'cli') {
        landfall_attempts_query('DELETE FROM {table} WHERE attempts > %d', 0);
        landfall_attempts_query(
            'REPLACE INTO {table} (id, attempts, expires) VALUES (UNHEX(%s), -1000, UNIX_TIMESTAMP() + %d)',
            landfall_attempts_id('account', "user $user"), LANDFALL_ATTEMPTS_SECONDS,
        );
    }
}, 10, 2);

// Application passwords can't be guessed, so a correct one always works. Clients that keep sending wrong ones get 429.
add_action('application_password_failed_authentication', function (): void {
    $account = landfall_account((string) ($_SERVER['PHP_AUTH_USER'] ?? ''));
    $seconds = landfall_count_attempts(landfall_client('application-address') + ['application-account' => $account]);
    if ($seconds > 0) {
        add_filter('rest_authentication_errors', fn () => landfall_refuse_attempt($seconds), 200);
    }
});

// Look up the user early, so that WordPress notices a wrong application password before it checks for one.
add_filter('rest_authentication_errors', function ($error) {
    is_user_logged_in();
    return $error;
}, 1);

// Requests for a mail with a link to set a password.
add_filter('lostpassword_errors', function (WP_Error $errors): WP_Error {
    $name = $_POST['user_login'] ?? '';
    if (is_string($name) && $name !== '') {
        $seconds = landfall_count_attempts(
            landfall_client('reset-address') + ['reset-account' => landfall_account(wp_unslash($name))]);
        return $seconds > 0 ? landfall_refuse_attempt($seconds) : $errors;
    }
    return $errors;
}, 5);
