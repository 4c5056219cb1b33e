/**
 * A notice as a CloudEvent 1.0, in structured mode: the attributes are in the body, so that the
 * signature is over them too, which it would not be over the headers of binary mode.
 */
import { formatUsd, type Millis } from "../guards/money.ts";
import type { Link, Message, NamedNotice, Notice, Waiting } from "../guards/notice/notice.ts";
import { noticeText } from "./notice-text.ts";

export const CLOUD_EVENT_TYPE = "application/cloudevents+json; charset=utf-8";
/** Notices that a folded event names one by one. */
export const FOLDED_NAMED_MAX = 100;

const TYPES: Readonly<Record<Notice["what"], string>> = {
  opened: "dev.slipclutch.review.opened",
  again: "dev.slipclutch.review.tripped_again",
  closed: "dev.slipclutch.review.closed",
  alert: "dev.slipclutch.breaker.alerted",
};

/** `notifier`: ids are unique at each. */
export function cloudEvent(message: Message, notifier: string): string {
  return JSON.stringify({
    specversion: "1.0",
    id: message.id,
    source: `/slipclutch/notifiers/${encodeURIComponent(notifier)}`,
    ...attributesOf(message),
    datacontenttype: "application/json",
    data: { text: noticeText(message).title, ...dataOf(message) },
  });
}

function attributesOf(message: Message) {
  switch (message.kind) {
    case "one": {
      const { agent, at, review, what } = message.notice;
      return { type: TYPES[what], subject: review?.id ?? agent, time: iso(at) };
    }
    case "folded":
      return { type: "dev.slipclutch.notices.folded", time: iso(message.at) };
    case "test":
      return { type: "dev.slipclutch.notifier.test", time: iso(message.at) };
  }
}

function dataOf(message: Message) {
  switch (message.kind) {
    case "one":
      return {
        ...noticeData(message.notice),
        waiting: waitingData(message.waiting),
        ...linkData(message.link),
      };
    case "folded": {
      const notices = message.notices.slice(0, FOLDED_NAMED_MAX).map(namedData);
      return { count: message.notices.length, notices, link: message.link };
    }
    case "test":
      return { by: message.by, link: message.link };
  }
}

function noticeData(notice: Notice) {
  const { agent, decided, kind, next, numbers, reason, review, task } = notice;
  return {
    ...{ kind, agent, task, reason, numbers },
    review: review?.id ?? null,
    parked: review?.parked ?? null,
    decided,
    next: next === null ? null : { what: next.what, at: iso(next.at) },
  };
}

function waitingData(waiting: Waiting | null) {
  if (waiting === null) return null;
  const { calls, errorsFrom, unreckoned, whole, worst } = waiting;
  const most = { calls, worst_case_usd: formatUsd(worst), unreckoned, whole };
  return { ...most, errors_from: errorsFrom === null ? null : iso(errorsFrom) };
}

function namedData({ notice, subject }: NamedNotice) {
  const { agent, at, kind, review, what } = notice;
  return { id: subject, type: TYPES[what], time: iso(at), kind, agent, review: review?.id ?? null };
}

function linkData(link: Link | null) {
  if (link === null) return { link: null, link_expires_at: null };
  return { link: link.url, link_expires_at: iso(link.expiresAt) };
}

function iso(at: Millis): string {
  return new Date(at).toISOString();
}
