import { useBlobUrl } from './useBlobUrl.ts';

/** A small square view of an uploaded picture. */
export function Thumbnail({ blob, size }: { blob: string; size: number }) {
  const url = useBlobUrl(blob);
  return (
    <span className="thumbnail" style={{ width: size, height: size }}>
      {url && <img src={url} alt="" width={size} height={size} />}
    </span>
  );
}
