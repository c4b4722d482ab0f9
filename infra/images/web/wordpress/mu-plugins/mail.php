<?php
/**
 * Plugin Name: Landfall mail
 * Description: Sends mail by the relay of WORDPRESS_SMTP_*, or says that there is none where WordPress would promise a mail.
 */

if (landfall_setting('WORDPRESS_SMTP_HOST', '') === '') {
    require __DIR__ . '/mail/none.php';
    return;
}

add_action('phpmailer_init', function (PHPMailer\PHPMailer\PHPMailer $mailer): void {
    $port = (int) landfall_setting('WORDPRESS_SMTP_PORT', '587');
    $tls = landfall_setting('WORDPRESS_SMTP_TLS', $port === 465 ? 'tls' : 'starttls');
    $user = landfall_setting('WORDPRESS_SMTP_USER', '');
    $mailer->isSMTP();
    $mailer->Host = landfall_setting('WORDPRESS_SMTP_HOST');
    $mailer->Port = $port;
    // PHPMailer calls STARTTLS "tls", and TLS from the start "ssl". Either then requires TLS and a valid certificate.
    $mailer->SMTPSecure = ['tls' => 'ssl', 'starttls' => 'tls', 'none' => ''][$tls]
        ?? landfall_fail("WORDPRESS_SMTP_TLS must be starttls, tls or none; it is '$tls'.");
    $mailer->SMTPAutoTLS = false;
    $mailer->SMTPAuth = $user !== '';
    if ($user !== '') {
        $mailer->Username = $user;
        $mailer->Password = landfall_secret('WORDPRESS_SMTP_PASSWORD');
    }
    // Seconds. Short, because whoever waits for the page also waits for the relay.
    $mailer->Timeout = 10;
    $mailer->getSMTPInstance()->Timelimit = 20;
    $mailer->Sender = $mailer->From;
    $mailer->Hostname = (string) wp_parse_url(WP_HOME, PHP_URL_HOST);
});

// Replaces only WordPress's default sender, "WordPress <wordpress@host>": a plugin's mail may have another.
add_filter('wp_mail_from', function (string $from): string {
    $own = landfall_setting('WORDPRESS_MAIL_FROM', $from);
    return str_starts_with($from, 'wordpress@') ? $own : $from;
});
add_filter('wp_mail_from_name', fn (string $name): string => $name === 'WordPress' ? wp_specialchars_decode(get_bloginfo('name')) : $name);

// WordPress reports the failure at most to the person who waits. Log it, but neither the recipient nor the content.
add_action('wp_mail_failed', function (WP_Error $error): void {
    error_log('A mail could not be sent by ' . landfall_setting('WORDPRESS_SMTP_HOST') . ': ' . $error->get_error_message());
});
