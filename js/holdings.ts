/** What the module has of the page's, a lead or a request. It lets go of each by itself; where it has failed, this does. */
export class Holdings {
  readonly #endings = new Set<() => void>();
  #ended = false;

  /** Whether all that was held is let go of. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Answers what lets go of it: it calls `end`, once. */
  hold(end: () => void): () => void {
    const ending = () => {
      if (this.#endings.delete(ending)) end();
    };
    this.#endings.add(ending);
    if (this.#ended) ending();
    return ending;
  }

  /** Lets go of everything, and of whatever comes after. */
  end(): void {
    this.#ended = true;
    for (const ending of [...this.#endings]) ending();
  }
}
