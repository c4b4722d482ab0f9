<?php
/** For a site without a mail relay: no screen promises a mail, and each says what to do instead. */

add_filter('pre_wp_mail', function ($sent, array $mail): bool {
    do_action('wp_mail_failed', new WP_Error('wp_mail_failed', 'This site sends no mail: WORDPRESS_SMTP_HOST is not set.', $mail));
    return false;
}, 10, 2);

/** Shows a message on a page like the login form, and exits. */
function landfall_login_message(string $title, string $html): never
{
    login_header($title, wp_get_admin_notice($html, ['type' => 'info', 'additional_classes' => ['message']]));
    printf('<p id="nav"><a href="%s">Log in</a></p>', esc_url(wp_login_url()));
    login_footer();
    exit;
}

foreach (['lostpassword', 'retrievepassword'] as $landfall_form) {
    add_action("login_form_$landfall_form", function (): void {
        landfall_login_message('Lost Password', 'This site sends no mail, so it can\'t send a link for a new password. '
            . 'An administrator of the site can set one in Users, and who runs it by <code>npm run admin -- password NAME</code>.');
    });
}
add_action('login_form_register', function (): void {
    if (!get_option('users_can_register')) {
        return;
    }
    landfall_login_message('Registration', 'This site sends no mail, so it can\'t send a link for a password. '
        . 'An administrator of the site can add you in Users, and who runs it by <code>npm run admin -- user NAME --email ADDRESS</code>.');
});
// Removes "Send password reset" from the list of users and from their screens.
add_filter('allow_password_reset', '__return_false');

add_action('admin_init', function (): void {
    // WordPress changes these addresses only after somebody follows a link in a mail. Change them at once instead.
    remove_action('personal_options_update', 'send_confirmation_on_profile_email');
    foreach (['add_option_new_admin_email', 'update_option_new_admin_email'] as $hook) {
        remove_action($hook, 'update_option_new_admin_email');
        add_action($hook, function ($before, $value): void {
            update_option('admin_email', $value);
        }, 10, 2);
    }
    // Ignore the checkboxes that the style below hides. Whoever enters a personal data request thereby confirms it.
    unset($_POST['send_user_notification'], $_POST['send_confirmation_email']);
});

/** What to do instead, on screens that otherwise mention mail. */
const LANDFALL_WITHOUT_MAIL = [
    'user-new.php' => 'New users aren\'t told of their account: hand over the password yourself. Show or choose it below, '
        . 'or have one made by <code>npm run admin -- user NAME --email ADDRESS</code>.',
    'users.php' => 'Users can\'t be sent a link for a new password: set one on their screen, '
        . 'or by <code>npm run admin -- password NAME</code>.',
    'user-edit.php' => 'Set a new password below, or by <code>npm run admin -- password NAME</code>, and hand it over yourself.',
    'profile.php' => 'A new e-mail address counts at once; no link is sent to confirm it.',
    'options-general.php' => 'A new administration e-mail address counts at once; no link is sent to confirm it.',
    'options-discussion.php' => 'Nobody is mailed about comments: those that wait are in Comments.',
    'export-personal-data.php' => 'Nobody is asked by mail to confirm a request, and no link is sent: make sure who asks, '
        . 'add the request, download the data below it, and hand it over yourself.',
    'erase-personal-data.php' => 'Nobody is asked by mail to confirm a request, or told that the data is erased: '
        . 'make sure who asks, and tell them yourself.',
];

add_action('admin_notices', function (): void {
    $text = LANDFALL_WITHOUT_MAIL[$GLOBALS['pagenow']] ?? null;
    if ($text !== null) {
        wp_admin_notice("<strong>This site sends no mail.</strong> $text", ['type' => 'info', 'id' => 'landfall-no-mail']);
    }
});
add_action('admin_head', function (): void {
    echo '<style>tr:has(#send_user_notification), tr:has(#send_confirmation_email), [data-send-as-email] { display: none }</style>';
});
