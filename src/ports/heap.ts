/** The memory of this process. */
export interface Heap {
  /**
   * So many bytes more were read only to be thrown away. A runtime that collects its garbage late
   * would keep them for a while, and the operating system counts them as ours for good.
   */
  thrownAway(bytes: number): void;
}
