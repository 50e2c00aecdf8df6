import type { Tables } from "./store.ts";

/** Of one tree, as the library tells it. */
interface TreePages {
  readonly treeBranchPageCount?: number;
  readonly treeLeafPageCount?: number;
  readonly overflowPages?: number;
}

interface TableStats extends TreePages {
  readonly pageSize?: number;
  readonly lastPageNumber?: number;
  /** The tree that holds the tables, and that of the pages that are free. */
  readonly root?: TreePages;
  readonly free?: TreePages;
}

/** At the beginning of the file. */
const HEAD_PAGES = 2;

/** Bytes of the data file that hold nothing. The file never shrinks: what is written next is written there. */
export function unusedBytes(tables: Tables): number {
  const stats = Object.values(tables).map((table): TableStats => table.getStats());
  const { pageSize = 0, lastPageNumber = 0, root = {}, free = {} } = stats[0] ?? {};
  const used = [root, free, ...stats].reduce((sum, tree) => sum + pagesOf(tree), HEAD_PAGES);
  return Math.max(0, lastPageNumber + 1 - used) * pageSize;
}

function pagesOf({ treeBranchPageCount = 0, treeLeafPageCount = 0, overflowPages = 0 }: TreePages): number {
  return treeBranchPageCount + treeLeafPageCount + overflowPages;
}
