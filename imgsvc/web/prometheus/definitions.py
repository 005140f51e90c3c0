"""Every metric but the histogram and the version: what the document of figures is called where Prometheus reads it."""

from imgsvc.web.prometheus.metric import Metric, Place, counter, gauge

_REQUESTS = (
    counter("requests", "Answers, by route and HTTP status.", "requests.{route}.{status}"),
    counter("requests_aborted", "Answers that broke off or whose client left before their end.", "aborted.{route}"),
    counter(
        "answers",
        "Answers with a picture, by where it came from and by how it was there: hit, stale or miss.",
        "answers.{tier}.{cache}",
    ),
    counter("sent_bytes", "Bytes written to clients, heads included.", "sent_bytes"),
    gauge("sending", "Large answers being sent.", "queue.outgoing.answers"),
    gauge("sending_bytes", "What large answers being sent hold in memory.", "queue.outgoing.bytes"),
)

_HEALTH = (
    gauge("uptime_seconds", "Time since the service was started.", "health.uptime_s"),
    gauge(
        "tasks",
        "Tasks of the event loop: one a connection, one more while it is answered, and some that wait.",
        "process.tasks",
    ),
    gauge("threads", "Threads of Python's; libraries have others.", "process.threads"),
    gauge("health_reason", "1 while this is a reason for not being healthy.", "health.reasons.{reason}"),
)

_MEMORY = (
    gauge("memory_rss_bytes", "Resident size of the process and its SVG worker.", "memory.rss_bytes"),
    gauge("memory_peak_bytes", "Largest resident size read so far.", "memory.peak_bytes"),
    gauge("memory_budget_bytes", "What the process may use.", "memory.budget_bytes"),
    gauge("memory_budget_ratio", "Resident size over budget.", "memory.ratio"),
    gauge(
        "memory_cgroup_limit_bytes", "Limit of the container; absent where there is none.", "memory.cgroup_limit_bytes"
    ),
    gauge("memory_inflight_bytes", "What decodes and transfers are counted with.", "memory.inflight_bytes"),
    gauge("memory_vips_bytes", "What libvips says that it has allocated.", "memory.vips_bytes"),
    gauge("memory_vips_high_bytes", "The most that libvips has had.", "memory.vips_high_bytes"),
    gauge(
        "memory_level",
        "Rung of the memory ladder: 0 OK, 1 WARNING, 2 GUARD, 3 CRITICAL, 4 CLEANUP, 5 EMERGENCY.",
        "ladder.level",
    ),
    gauge("memory_level_begins_bytes", "Resident size at which a rung begins.", "memory.levels_bytes.{level}"),
    gauge("memory_level_age_seconds", "Time since the present rung was reached.", "memory.since_s"),
    counter("memory_level_entered", "Times that a rung was reached from below.", "ladder.entered.{level}"),
    counter("memory_samples", "Readings of the resident size.", "ladder.samples"),
    counter("memory_actions_failed", "Actions of the ladder that raised an error.", "ladder.failed_actions"),
)

_CACHES = (
    gauge("cache_entries", "Entries there now.", "caches.{tier}.entries"),
    gauge("cache_bytes", "What they weigh; repeats is the table of the hit path.", "caches.{tier}.bytes"),
    gauge(
        "cache_capacity_bytes", "What they may weigh; absent where there is no ceiling.", "caches.{tier}.capacity_bytes"
    ),
    counter("cache_hits", "Look-ups that found something.", "caches.{tier}.hits"),
    counter("cache_misses", "Look-ups that found nothing.", "caches.{tier}.misses"),
    counter(
        "cache_evictions",
        "Entries that left, by reason; in the store, objects deleted to make room.",
        "caches.{tier}.evictions.{reason}",
        Place("caches.store.evictions", {"tier": "store", "reason": "capacity"}),
    ),
    counter("cache_writes", "Objects written.", "caches.{tier}.writes"),
    counter("cache_damaged", "Objects found damaged.", "caches.{tier}.damaged"),
    counter("cache_failures", "Calls that the tier did not answer in time, or not well.", "caches.{tier}.failures"),
    gauge("metadata_shared", "1 where replicas share the metadata cache.", "caches.metadata.shared"),
)

_COALESCING = (
    gauge("coalescing_in_flight", "Keys being worked on.", "coalescing.in_flight"),
    gauge("coalescing_waiters", "Requests that wait for them.", "coalescing.waiters"),
    counter("coalescing_started", "Pieces of work begun.", "coalescing.started"),
    counter("coalescing_shared", "Requests that joined work another had begun.", "coalescing.shared"),
    counter("coalescing_failed", "Pieces of work that ended in an error.", "coalescing.failed"),
    counter("coalescing_cancelled", "Pieces of work that nobody waited for any more.", "coalescing.cancelled"),
    counter("coalescing_timed_out", "Requests that waited too long.", "coalescing.timed_out"),
)

_TRANSFORMS = (
    gauge("transform_threads", "Threads there may be for decoding and encoding.", "queue.transforms.threads"),
    gauge("transform_queued", "Transforms admitted that wait for a thread.", "queue.transforms.queued"),
    gauge("transform_running", "Transforms that have a thread.", "queue.transforms.running"),
    gauge("transform_looking", "Headers being read, or waiting to be.", "queue.transforms.looking"),
    gauge("transform_piping", "Sources read while they arrive, or waiting to be.", "queue.transforms.piping"),
    counter("transform_completed", "Inspections and transforms ended, however.", "queue.transforms.completed"),
    counter("transform_refused", "Inspections that found no room.", "queue.transforms.refused"),
    counter("transform_timed_out", "Inspections and transforms past their deadline.", "queue.transforms.timed_out"),
    gauge(
        "transform_avif_seconds_per_pixel",
        "What encoding AVIF is expected to take.",
        "queue.transforms.avif_nanoseconds_per_pixel",
        scale=1e-9,
    ),
    counter(
        "transform_avif_deferred", "WebP answers where AVIF would take too long.", "queue.transforms.avif_deferred"
    ),
    gauge("svg_worker_bytes", "Resident size of the SVG worker after its last drawing.", "queue.svg.worker_bytes"),
    gauge("svg_waiting", "Drawings under way or waiting.", "queue.svg.waiting"),
    counter("svg_drawn", "Drawings made.", "queue.svg.drawn"),
    counter("svg_refused", "Documents that could not be drawn.", "queue.svg.refused"),
    counter("svg_timed_out", "Drawings past their deadline.", "queue.svg.timed_out"),
    counter("svg_put_off", "Drawings given up because they took long and others waited.", "queue.svg.put_off"),
    counter("svg_recalled", "Drawings refused because they are known to take too long.", "queue.svg.recalled"),
    counter("svg_workers_died", "Workers that ended while drawing.", "queue.svg.died"),
    counter("svg_workers_spawned", "Workers started.", "queue.svg.spawned"),
    counter("svg_workers_retired", "Workers ended for their size or for being idle.", "queue.svg.retired"),
    gauge("upgrades_running", "1 while a better format is made behind answers.", "queue.upgrades.running"),
    gauge("upgrades_waiting", "Better formats that wait for their turn.", "queue.upgrades.waiting"),
    counter("upgrades_done", "Better formats made behind answers.", "queue.upgrades.done"),
    counter("upgrades_failed", "Better formats tried in vain.", "queue.upgrades.failed"),
    counter("upgrades_dropped", "Better formats not tried, for want of room.", "queue.upgrades.dropped"),
)

_GATE = (
    gauge("gate_capacity_bytes", "What decodes may be estimated to need together.", "queue.gate.capacity_bytes"),
    gauge("gate_in_use_bytes", "What decodes are estimated to need now.", "queue.gate.in_use_bytes"),
    gauge("gate_peak_bytes", "The most they were estimated to need.", "queue.gate.peak_bytes"),
    gauge("gate_admitted", "Decodes admitted now.", "queue.gate.admitted"),
    gauge("gate_waiting", "Decodes that wait for memory.", "queue.gate.waiting"),
    counter("gate_admissions", "Decodes admitted.", "queue.gate.admitted_total"),
    gauge("gate_longest_wait_seconds", "The longest that a decode has waited.", "queue.gate.longest_wait_seconds"),
    counter("refusals", "Requests refused, by reason.", "refusals.{reason}"),
)

_TRANSFERS = (
    gauge("transfers_in_use_bytes", "Bodies in memory on their way.", "queue.transfers.in_use_bytes"),
    gauge("transfers_capacity_bytes", "What they may take together.", "queue.transfers.capacity_bytes"),
    gauge("transfers_peak_bytes", "The most they have taken.", "queue.transfers.peak_bytes"),
    counter("transfers_refused", "Times there was no room for one in memory.", "queue.transfers.refused"),
    gauge("downloads_running", "Large sources arriving, or being stored.", "queue.downloads.running"),
    gauge("downloads_bytes", "What has arrived of them.", "queue.downloads.bytes"),
    counter("downloads_started", "Large sources begun.", "queue.downloads.started"),
    counter("downloads_stored", "Large sources stored.", "queue.downloads.stored"),
    counter("downloads_failed", "Large sources that failed.", "queue.downloads.failed"),
    counter("downloads_not_stored", "Large sources that arrived and were not stored.", "queue.downloads.not_stored"),
    counter("downloads_abandoned", "Large sources given up, for nobody wanted them.", "queue.downloads.abandoned"),
    gauge("spool_files", "Files that large sources are in.", "queue.spool.files"),
    gauge("spool_bytes", "What they take on disk.", "queue.spool.bytes"),
    gauge("spool_capacity_bytes", "What they may take together.", "queue.spool.capacity_bytes"),
    counter("spool_failures", "Times a file could not be made or written.", "queue.spool.failures"),
    gauge("fetch_slots", "Places for sources being read.", "queue.fetch_slots.count"),
    gauge("fetch_slots_taken", "Places that are taken.", "queue.fetch_slots.taken"),
    gauge("fetch_slots_waiting", "Fetches that wait for a place.", "queue.fetch_slots.waiting"),
    gauge("persister_waiting", "Writes to the store that wait.", "queue.persister.waiting"),
    gauge("persister_waiting_bytes", "What they hold in memory.", "queue.persister.waiting_bytes"),
    counter("persister_written", "Writes done behind answers.", "queue.persister.written"),
    counter("persister_lost", "Writes not done, for another replica's came first.", "queue.persister.lost"),
    counter("persister_failed", "Writes that failed.", "queue.persister.failed"),
    counter("persister_dropped", "Writes not tried, for want of room.", "queue.persister.dropped"),
    gauge("tagging_running", "Sources being given words to be purged by.", "queue.tagging.running"),
    counter("tagging_tagged", "Records that were given some.", "queue.tagging.tagged"),
)

_SOURCES = (
    counter("origin_fetches", "Fetches that ended, by how.", "sources.origin.outcomes.{outcome}"),
    counter("origin_fetches_started", "Fetches begun.", "sources.origin.fetches"),
    gauge("origin_fetches_open", "Fetches under way, bodies being read included.", "sources.origin.open"),
    counter("origin_received_bytes", "Bytes of bodies received from sources.", "sources.origin.received_bytes"),
    counter("origin_addresses_refused", "Addresses not connected to, by reason.", "sources.origin.refused.{reason}"),
    counter("failures_remembered", "Failures of sources kept for a time.", "sources.failures.remembered"),
    counter("failures_recalled", "Times one was given instead of asking the source.", "sources.failures.recalled"),
    gauge("breaker_domains", "Domains with failures since their last success.", "sources.breaker.domains"),
    gauge("breaker_open", "Domains left alone now.", "sources.breaker.open"),
    counter("breaker_opened", "Times a domain came to be left alone.", "sources.breaker.opened"),
    counter("breaker_closed", "Times a domain that was left alone succeeded.", "sources.breaker.closed"),
    counter(
        "validations",
        "Questions to sources whether what is kept still holds, by answer; spared: not asked.",
        Place("sources.validation.{outcome}"),
    ),
    gauge("revalidations_running", "Sources being asked behind answers.", "sources.revalidations.running"),
    counter("revalidations_started", "Questions begun behind answers.", "sources.revalidations.started"),
    counter("revalidations_failed", "Of them, those without a good answer.", "sources.revalidations.failed"),
    counter("revalidations_refused", "Questions not begun, for want of room.", "sources.revalidations.refused"),
    counter(
        "limits_allowed",
        "Fetches for logos and pages, and of pictures from hosts on no list, that were let through.",
        "sources.limits.allowed",
    ),
    counter("limits_limited_clients", "Those refused for their client.", "sources.limits.limited_clients"),
    counter("limits_limited_domains", "Those refused for their domain.", "sources.limits.limited_domains"),
    gauge("limits_clients", "Clients that are counted now.", "sources.limits.clients"),
    gauge("limits_domains", "Domains that are counted now.", "sources.limits.domains"),
)

_LOGOS_AND_PAGES = (
    counter("logos", "Logos answered, by what found them or stood in.", "logo_sources.{source}"),
    counter("logo_searches", "Searches begun.", "logos.keeper.searches"),
    counter("logo_searches_found", "Searches that found a logo.", "logos.keeper.found"),
    counter("logo_validated", "Logos of which their source said that they hold.", "logos.keeper.validated"),
    gauge("logo_refreshing", "Logos being asked for again behind answers.", "logos.keeper.refreshing"),
    counter("pages_read", "Pages asked for.", "opengraph.pages.read"),
    counter("pages_failed", "Pages that gave nothing.", "opengraph.pages.failed"),
    gauge("pages_refreshing", "Pages being asked for again behind answers.", "opengraph.pages.refreshing"),
    counter("share_pictures", "Share pictures answered with a picture.", "opengraph.pictures.pictures"),
    counter("share_cards", "Share pictures answered with a card, by why.", "opengraph.pictures.cards.{reason}"),
)

_REPLICAS = (
    gauge("purge_marks", "Purge marks held.", "replicas.marks.marks"),
    gauge("purge_marks_unwritten", "Purge marks still to be stored.", "replicas.marks.unwritten"),
    counter("purge_marks_learnt", "Purge marks taken in.", "replicas.marks.learnt"),
    counter("purge_marks_dropped", "Purge marks that have done their work.", "replicas.marks.dropped"),
    counter("purge_marks_failed", "Calls of the store about marks that failed.", "replicas.marks.failed"),
    counter("purges", "Purges accepted.", "replicas.purges.accepted"),
    counter("purge_memory_dropped", "Entries that purges took from memory.", "replicas.purges.dropped"),
    counter("purge_memory_made_stale", "Entries in memory that purges made stale.", "replicas.purges.made_stale"),
    counter("purge_looked_up", "Sources whose words were read for a purge.", "replicas.purges.looked_up"),
    gauge("purge_unswept", "Hard purges whose sweep of the store has not ended.", "replicas.purges.unswept"),
    counter("purge_sweeps", "Sweeps of the store that ended.", "replicas.purges.sweeps"),
    counter("purge_sweeps_failed", "Sweeps that the store broke off.", "replicas.purges.sweeps_failed"),
    counter("purge_objects_deleted", "Objects of the store deleted by purges.", "replicas.purges.deleted"),
    counter("leases_claimed", "Leases granted.", "replicas.leases.claimed"),
    counter("leases_denied", "Claims of what another replica has.", "replicas.leases.denied"),
    counter("leases_failed", "Leases taken without an answer of the server.", "replicas.leases.failed"),
    gauge("announcements_live", "1 while purges of other replicas are heard.", "replicas.announcements.live"),
    counter("announcements_made", "Purges announced to other replicas.", "replicas.announcements.announced"),
    counter("announcements_failed", "Announcements that were not taken.", "replicas.announcements.failed"),
    counter("announcements_heard", "Announcements heard, our own included.", "replicas.announcements.heard"),
    counter("announcements_joined", "Subscriptions begun.", "replicas.announcements.joined"),
    counter("announcements_lost", "Subscriptions that ended or failed.", "replicas.announcements.lost"),
)

GROUPS: tuple[tuple[str, tuple[Metric, ...]], ...] = (
    ("Requests", _REQUESTS),
    ("Health", _HEALTH),
    ("Memory", _MEMORY),
    ("Caches", _CACHES),
    ("Coalescing", _COALESCING),
    ("Transforms", _TRANSFORMS),
    ("Admission", _GATE),
    ("Transfers and writes", _TRANSFERS),
    ("Sources", _SOURCES),
    ("Logos and pages", _LOGOS_AND_PAGES),
    ("Purges and replicas", _REPLICAS),
)
"""All metrics, as the documentation arranges them."""

METRICS = tuple(metric for _, group in GROUPS for metric in group)

DURATION = ("request_duration_seconds", "Time until an answer was made or sent, by route and where it came from.")
BUILD = ("build", "The version that runs.")
"""The two metrics that are no plain numbers of the document."""

LEFT_OUT = {
    "samples": "the past is what Prometheus keeps itself",
    "latency_ms": "the histogram has the times, and percentiles of processes cannot be added",
    "queue.gate.refused": "part of imgsvc_refusals_total",
    "sources.breaker.refused": "part of imgsvc_refusals_total",
    "queue.svg.worker_pid": "names a process; it measures nothing",
}
"""Numbers of the document that have no metric, by path, and why."""
