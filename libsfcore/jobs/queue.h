/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The queue of background jobs, in Redis. Each step is one Lua script, so it
 * happens whole or not at all, even if its caller is killed in the middle.
 *
 * A job is a hash, and its number is a member of exactly one of three sorted
 * sets:
 *
 *     queued    score: when it may run; in the future if it is delayed
 *     running   score: when its worker's lease ends
 *     failed    score: when it failed for good
 *
 * For each kind of job, a hash keeps when a job of the kind last succeeded, how
 * long that job took, its result, and when and why one last failed.
 *
 * A worker that takes a job holds it by a lease, and renews the lease while it
 * works. If the lease runs out, the worker is dead or stopped, and the next
 * worker that asks for a job first puts this one back into the queue. So no job
 * is lost with a worker. Each time a worker takes a job, it draws a new random
 * name as the holder, and only the holder can renew, finish or fail the job. A
 * worker that was only stopped calls sf_queue_keep() before its next step,
 * learns that the job has a new holder, and leaves the job alone. So at most
 * one step of the old worker overlaps with the work of the new one.
 *
 * A worker's death does not count as a failure of its job. A job that fails is
 * tried again after a pause, and then after a longer one. After its last
 * failure the queue keeps the job as failed, with its error, until an operator
 * requeues it. All times are by Redis' clock.
 *
 * Each function that returns an error, but sf_queue_keep(), may return
 * SF_ERR_UNAVAILABLE: Redis cannot be used now. The log says why, once; the
 * next call connects again.
 */
#ifndef SF_QUEUE_H
#define SF_QUEUE_H

#include "base/config.h"
#include "jobs/job.h"

/*
 * TEXT() pastes these numbers into the scripts, so each must be a plain number.
 */
#define SF_QUEUE_LEASE_MS 10000
#define SF_QUEUE_FAILURES_MAX 3 /* the last failure is for good */
/* The pause after the first failure; each next one is three times as long. */
#define SF_QUEUE_PAUSE_MS 10000
#define SF_QUEUE_FAILED_MAX 1000 /* failed jobs that are kept */

struct sf_queue;

/*
 * Returns a handle, which holds one job at most and connects at its first use.
 * `config` must have the address of a Redis. sf_queue_free() frees the handle.
 */
struct sf_queue *sf_queue_new(const struct sf_config *config);

/* NULL is accepted. A current job stays held until its lease ends. */
void sf_queue_free(struct sf_queue *queue);

/* Returns the name of this worker. */
const char *sf_queue_worker(const struct sf_queue *queue);

/*
 * Queues a job of that kind. SF_ERR_CONFLICT: a job of that kind is waiting,
 * delayed or running, so this call did nothing.
 */
enum sf_err sf_queue_add(
	struct sf_queue *queue, const char *kind) SF_MUST_CHECK;

/*
 * Takes the next job, which becomes the current job; `out` has its id and kind.
 * The call is a sign of life of this worker as well. SF_ERR_NOT_FOUND: there is
 * no job to run.
 */
enum sf_err sf_queue_take(
	struct sf_queue *queue, struct sf_job *out) SF_MUST_CHECK;

/*
 * Renews the lease of the current job if a third of the lease is over, so a
 * worker may call this often. While Redis cannot be used, the worker keeps the
 * job until the lease is over. SF_ERR_CONFLICT: the job may have a new holder,
 * so the worker must leave the job alone.
 */
enum sf_err sf_queue_keep(struct sf_queue *queue) SF_MUST_CHECK;

/*
 * End the current job: sf_queue_finish() removes it and remembers `result` for
 * its kind, and sf_queue_fail() queues it again or keeps it as failed, with
 * `error`. SF_ERR_CONFLICT: the job has a new holder, so nothing was changed.
 */
enum sf_err sf_queue_finish(
	struct sf_queue *queue, const char *result) SF_MUST_CHECK;
enum sf_err sf_queue_fail(
	struct sf_queue *queue, const char *error) SF_MUST_CHECK;

/* Removes this worker from the list of workers. */
enum sf_err sf_queue_leave(struct sf_queue *queue) SF_MUST_CHECK;

/*
 * Queues the failed job `id` again, or every failed job if `id` is "all";
 * `count` is the number of requeued jobs.
 */
enum sf_err sf_queue_requeue(
	struct sf_queue *queue, const char *id, int64_t *count) SF_MUST_CHECK;

/* Deletes the failed job `id`, or every failed job, in the same way. */
enum sf_err sf_queue_delete(
	struct sf_queue *queue, const char *id, int64_t *count) SF_MUST_CHECK;

/*
 * Reads all jobs, workers and kinds of jobs. sf_job_listing_release() frees
 * what `out` holds; after an error there is nothing to release.
 * SF_ERR_INTERNAL: the reply of Redis cannot be understood.
 */
enum sf_err sf_queue_list(
	struct sf_queue *queue, struct sf_job_listing *out) SF_MUST_CHECK;

#endif
