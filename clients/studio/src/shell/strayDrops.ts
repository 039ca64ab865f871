/** Files dropped beside the stage: a browser would leave the page and show the file. */
export function ignoreStrayDrops(): void {
  const ignore = (event: DragEvent): void => {
    const takesFiles = event.target instanceof HTMLInputElement && event.target.type === 'file';
    if (!takesFiles) event.preventDefault();
  };
  window.addEventListener('dragover', ignore);
  window.addEventListener('drop', ignore);
}
