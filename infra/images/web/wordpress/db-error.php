<?php
/** WordPress shows this while it can't reach the database. That is usually over soon, so clients should retry. */
if (PHP_SAPI === 'cli') {
    landfall_fail('The database was there a moment ago and does not answer now.');
}
header('Retry-After: 5');
landfall_page(503, 'Back in a moment', "The site can't reach its database just now. Please try again.");
