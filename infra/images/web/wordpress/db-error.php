<?php
/** What WordPress shows while the database can't be reached: it is over soon, so clients shall come back. */
if (PHP_SAPI === 'cli') {
    landfall_fail('The database was there a moment ago and does not answer now.');
}
header('Retry-After: 5');
landfall_page(503, 'Back in a moment', "The site can't reach its database just now. Please try again.");
