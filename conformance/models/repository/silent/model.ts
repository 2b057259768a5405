/** Returns nothing, as an author does who forgets the `return`. The types of `Model` would not let it. */
export class Silent {
  predict() {}
}
