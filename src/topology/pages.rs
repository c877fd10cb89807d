//! A list that is cheap to copy and to change.
//!
//! A change of the topology is made on a copy of it, while readers go on with the one before. With a thousand
//! databases a plain list would be copied element by element at every answer of a server.

use std::ops::Index;
use std::sync::Arc;

/// How many elements share a page.
const SIZE: usize = 32;

/// A list whose copies share its pages until one of them is changed.
#[derive(Debug)]
pub(crate) struct Pages<T>(Vec<Arc<Vec<Arc<T>>>>);

impl<T: Clone> Pages<T> {
    pub(super) fn len(&self) -> usize {
        let full = self.0.len().saturating_sub(1) * SIZE;
        full + self.0.last().map_or(0, |page| page.len())
    }

    pub(super) fn push(&mut self, element: T) {
        let element = Arc::new(element);
        match self.0.last_mut().filter(|page| page.len() < SIZE) {
            Some(page) => Arc::make_mut(page).push(element),
            None => self.0.push(Arc::new(vec![element])),
        }
    }

    /// The element, to change it in this copy alone.
    pub(super) fn make_mut(&mut self, index: usize) -> &mut T {
        let page = Arc::make_mut(&mut self.0[index / SIZE]);
        Arc::make_mut(&mut page[index % SIZE])
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &T> + Clone {
        self.0.iter().flat_map(|page| page.iter()).map(|it| &**it)
    }

    /// The elements that a later copy may have changed, before and after. What the copies share is skipped;
    /// what only the later one has, too.
    pub(super) fn changed<'a>(&'a self, later: &'a Self) -> impl Iterator<Item = (&'a T, &'a T)> {
        let pages = self.0.iter().zip(&later.0);
        let pages = pages.filter(|(before, after)| !Arc::ptr_eq(before, after));
        let elements = pages.flat_map(|(before, after)| before.iter().zip(after.iter()));
        let elements = elements.filter(|(before, after)| !Arc::ptr_eq(before, after));
        elements.map(|(before, after)| (&**before, &**after))
    }
}

impl<T> Default for Pages<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Clone for Pages<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> Index<usize> for Pages<T> {
    type Output = T;

    fn index(&self, index: usize) -> &T {
        &self.0[index / SIZE][index % SIZE]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(count: usize) -> Pages<usize> {
        let mut pages = Pages::default();
        (0..count).for_each(|number| pages.push(number));
        pages
    }

    #[test]
    fn elements_keep_their_order_over_pages() {
        for count in [0, 1, SIZE - 1, SIZE, SIZE + 1, 3 * SIZE] {
            let pages = numbers(count);
            assert_eq!(pages.len(), count);
            assert!(pages.iter().copied().eq(0..count));
            assert!((0..count).all(|index| pages[index] == index));
        }
    }

    #[test]
    fn a_change_of_a_copy_leaves_the_others_and_is_found() {
        let before = numbers(100);
        let mut after = before.clone();
        *after.make_mut(40) = 1000;
        after.push(100);
        assert_eq!((before[40], after[40]), (40, 1000));
        assert_eq!((before.len(), after.len()), (100, 101));
        let changed: Vec<_> = before.changed(&after).collect();
        assert_eq!(changed, [(&40, &1000)]);
    }
}
