<?php
/**
 * Plugin Name: Landfall outside
 * Description: What needs hosts that the site may not call is not offered, instead of failing.
 *
 * WORDPRESS_ACCESSIBLE_HOSTS lists the hosts that it may call; see environment.php.
 */

/** Whether the site may call a host. */
function landfall_may_call(string $host): bool
{
    return !_wp_http_get_object()->block_request("https://$host/");
}

// Replaces "User has blocked requests through HTTP.", which blames the reader.
add_filter('pre_http_request', function ($answer, array $args, string $url) {
    $host = (string) wp_parse_url($url, PHP_URL_HOST);
    if ($answer !== false || $host === '' || !_wp_http_get_object()->block_request($url)) {
        return $answer;
    }
    return new WP_Error('http_request_not_executed',
        "This site may not call $host. Who runs it can allow that (landfall:app.egress).");
}, 20, 3);

// WordPress answers 500 if a call was refused, which clients take for a failure that is worth a retry.
add_filter('rest_request_after_callbacks', function ($response, $handler, WP_REST_Request $request) {
    if (!is_wp_error($response) || !in_array('http_request_not_executed', $response->get_error_codes(), true)) {
        return $response;
    }
    return str_starts_with($request->get_route(), '/wp/v2/pattern-directory/')
        ? rest_ensure_response([])
        : new WP_Error('http_request_not_executed', $response->get_error_message('http_request_not_executed'), ['status' => 403]);
}, 10, 3);

if (!landfall_may_call('api.wordpress.org')) {
    remove_action('init', 'wp_schedule_update_checks');
    foreach ([
        'wp_version_check' => 'wp_version_check', 'wp_update_plugins' => 'wp_update_plugins',
        'wp_update_themes' => 'wp_update_themes', 'load-plugins.php' => 'wp_update_plugins',
        'load-themes.php' => 'wp_update_themes', 'load-update.php' => 'wp_update_plugins',
        'load-update-core.php' => 'wp_update_plugins', 'wp_maybe_auto_update' => 'wp_maybe_auto_update',
    ] as $hook => $function) {
        remove_action($hook, $function);
    }
    foreach (['_maybe_update_core', '_maybe_update_plugins', '_maybe_update_themes'] as $function) {
        remove_action('admin_init', $function);
    }
    add_filter('should_load_remote_block_patterns', '__return_false');
    add_filter('site_status_tests', function (array $tests): array {
        unset($tests['async']['dotorg_communication'], $tests['direct']['wordpress_version'],
            $tests['direct']['plugin_version'], $tests['direct']['theme_version']);
        return $tests;
    });
}

if (!landfall_may_call('wordpress.org')) {
    // The dashboard's "WordPress Events and News".
    add_action('wp_dashboard_setup', function (): void {
        remove_meta_box('dashboard_primary', 'dashboard', 'side');
    });
}

if (!landfall_may_call('s.w.org')) {
    add_action('init', function (): void {
        wp_unregister_font_collection('google-fonts');
    }, 20);
}

// This test warns about blocked hosts. Blocking is intended, and a setting lists the exceptions.
add_filter('site_status_tests', function (array $tests): array {
    unset($tests['direct']['http_requests']);
    return $tests;
});

// If the site may call no hosts, hide the blocks and settings that need one.
if (WP_ACCESSIBLE_HOSTS === '') {
    add_filter('enable_post_by_email_configuration', '__return_false');
    add_filter('enable_update_services_configuration', '__return_false');
    add_action('enqueue_block_editor_assets', function (): void {
        // Keep "WordPress": the site's own posts can be embedded. Blocks that are already in posts stay.
        wp_add_inline_script('wp-blocks', <<<'JS'
            wp.hooks.addFilter('blocks.registerBlockType', 'landfall/outside', (settings, name) => {
                if (name === 'core/rss') return { ...settings, supports: { ...settings.supports, inserter: false } };
                if (name !== 'core/embed') return settings;
                return { ...settings, variations: settings.variations?.filter(variation => variation.name === 'wordpress') };
            });
            JS);
    });
}
