// A backend of StatsD: appends what the server has added up since the last
// flush, as a line of JSON.
'use strict';

const fs = require('fs');

exports.init = (_startup, config, events) => {
  events.on('flush', (_timestamp, metrics) => {
    const { counters, gauges, timers, timer_counters } = metrics;
    // At once, so that the last flush before the end is written, too.
    fs.appendFileSync(config.totals, JSON.stringify({ counters, gauges, timers, timer_counters }) + '\n');
  });
  return true;
};
