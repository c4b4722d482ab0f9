<?php
/** WordPress's place for another way to connect. Its own can't verify who the database is. */
require_once '/usr/local/share/landfall/database.php';

class Landfall_Database extends wpdb
{
    /** Does what WordPress's own method does after connecting. */
    public function db_connect($allow_bail = true)
    {
        $this->is_mysql = true;
        $this->dbh = landfall_connect(null, null);
        if ($this->dbh === null) {
            if ($allow_bail) {
                require_once WP_CONTENT_DIR . '/db-error.php';
                exit;
            }
            return false;
        }
        $this->init_charset();
        $this->set_charset($this->dbh);
        $this->ready = true;
        $this->set_sql_mode();
        $this->select($this->dbname, $this->dbh);
        return true;
    }
}

$wpdb = new Landfall_Database(DB_USER, DB_PASSWORD, DB_NAME, DB_HOST);
