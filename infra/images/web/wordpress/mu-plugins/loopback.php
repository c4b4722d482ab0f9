<?php
/**
 * Plugin Name: Landfall loopback
 * Description: WordPress's requests to its own address go to this server: network policy keeps the public one out of reach.
 */

/**
 * Whether a URL with this site's host is the site's own: it has its port, or port 80 if the site uses the default one.
 */
function landfall_is_own(array $url): bool
{
    $port = fn (array $of): int => $of['port'] ?? (($of['scheme'] ?? '') === 'http' ? 80 : 443);
    $home = wp_parse_url(WP_HOME);
    return $port($url) === $port($home) || (!isset($home['port']) && $port($url) === 80);
}

add_filter('pre_http_request', function ($answer, array $args, string $address) {
    $url = wp_parse_url($address) ?: [];
    if ($answer !== false || strcasecmp($url['host'] ?? '', wp_parse_url(WP_HOME, PHP_URL_HOST)) !== 0) {
        return $answer;
    }
    if (!landfall_is_own($url)) {
        return new WP_Error('http_request_not_executed', "Nothing of this site is at $address.");
    }
    $path = ($url['path'] ?? '/') . (isset($url['query']) ? "?{$url['query']}" : '');
    $headers = is_array($args['headers']) ? $args['headers'] : WP_Http::processHeaders($args['headers'])['headers'];
    $response = wp_remote_request("http://localhost:8080$path", [
        'headers' => [
            'Host' => (string) preg_replace('#^https?://#', '', WP_HOME),
            'X-Forwarded-Proto' => (string) wp_parse_url(WP_HOME, PHP_URL_SCHEME),
            'X-Forwarded-For' => '127.0.0.1',
            // Makes Apache use a different pool from that of the process that waits here; see apache/landfall.conf.
            'X-Landfall-Loopback' => 'yes',
        ] + $headers,
        'redirection' => 0,
        'reject_unsafe_urls' => false,
    ] + $args);
    // A redirect leads to a public address again, which must pass through this function too.
    $followed = is_wp_error($response) ? false : WP_Http::handle_redirects($address, $args, $response);
    return $followed === false ? $response : $followed;
}, 10, 3);

// These tests call the site itself. Scheduled tasks skip them, because no server runs beside them.
add_filter('site_status_tests', function (array $tests): array {
    foreach (['loopback_requests', 'https_status', 'page_cache'] as $name) {
        if (isset($tests['async'][$name])) {
            $tests['async'][$name]['skip_cron'] = true;
        }
    }
    return $tests;
});
