<?php
/**
 * Plugin Name: Landfall code
 * Description: The site's code is its image's: nothing in WordPress changes it, and nothing asks for that.
 */

// Apache passes on every path that isn't a file. It needs no rewrite rules for that, and reads no .htaccess.
add_filter('mod_rewrite_rules', '__return_empty_string');

add_filter('site_status_tests', function (array $tests): array {
    unset($tests['async']['background_updates']);
    foreach (['plugin_theme_auto_updates', 'update_temp_backup_writable', 'available_updates_disk_space'] as $name) {
        unset($tests['direct'][$name]);
    }
    return $tests;
});

// The image leaves these modules out, because PHP's streams, GD and WordPress's own tables do the same.
add_filter('site_status_test_php_modules', function (array $modules): array {
    return array_diff_key($modules, array_flip(['curl', 'imagick', 'intl']));
});

/** Screens that change code, with the heading of each and the capability that opens it. */
const LANDFALL_CODE_SCREENS = [
    'plugin-install.php' => ['Add Plugins', 'activate_plugins'],
    'plugin-editor.php' => ['Edit Plugins', 'activate_plugins'],
    'theme-install.php' => ['Add Themes', 'switch_themes'],
    'theme-editor.php' => ['Edit Themes', 'switch_themes'],
    'update-core.php' => ['Updates', 'manage_options'],
    'update.php' => ['Updates', 'manage_options'],
];

/** Explains on such a screen why code can't be changed there, and who can change it. */
function landfall_explain_code(): void
{
    global $pagenow, $title;
    [$heading, $capability] = LANDFALL_CODE_SCREENS[$pagenow] ?? [null, ''];
    if ($heading === null || !current_user_can($capability)) {
        return;
    }
    $title = $heading;
    if (!did_action('admin_init')) {
        do_action('admin_init');
    }
    set_current_screen();
    require ABSPATH . 'wp-admin/admin-header.php';
    ?>
    <div class="wrap" id="landfall-code">
        <h1><?php echo esc_html($heading); ?></h1>
        <p>WordPress, its plugins and its themes are parts of this site's image: every replica runs the same code, and
            nobody who gets into WordPress can change it. So they can't be added, changed or updated here.</p>
        <p>Who runs the site adds plugins and themes to the image and brings it up with <code>npm start</code> or
            <code>pulumi up</code>. Updates come with the image's date: <code>npm run update-images</code>.
            Landfall's README says how.</p>
        <p><a href="<?php echo esc_url(admin_url('plugins.php')); ?>">Plugins that are there</a> ·
            <a href="<?php echo esc_url(admin_url('themes.php')); ?>">Themes that are there</a></p>
    </div>
    <?php
    require ABSPATH . 'wp-admin/admin-footer.php';
    exit;
}

// WordPress refuses some of these screens when it builds its menu, others when they load.
add_action('admin_page_access_denied', 'landfall_explain_code');
foreach (array_keys(LANDFALL_CODE_SCREENS) as $landfall_screen) {
    add_action("load-$landfall_screen", 'landfall_explain_code');
}

// Keep the menu items where people look for them.
add_action('admin_menu', function (): void {
    add_submenu_page('plugins.php', 'Add Plugins', 'Add Plugin', 'activate_plugins', 'plugin-install.php');
    add_submenu_page('themes.php', 'Add Themes', 'Add Theme', 'switch_themes', 'theme-install.php');
});

// Importers are plugins. Without any, WordPress only says that there are none.
add_action('admin_notices', function (): void {
    if ($GLOBALS['pagenow'] === 'import.php' && !get_importers()) {
        wp_admin_notice('Importers are plugins, and plugins are parts of this site\'s image. '
            . 'A whole site, its database and its uploads, is moved in from the command line: see Landfall\'s README.', ['type' => 'info']);
    }
});
